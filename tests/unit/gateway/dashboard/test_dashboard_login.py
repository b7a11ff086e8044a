from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chassis.identity import LOCAL_WORKSPACE, Tokens
from gateway.dashboard.login import CODE_LIFE, COOKIE_LIFE, Logins, new_code

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOKENS = Tokens({"a-token-of-this-machine": LOCAL_WORKSPACE})
SECOND = timedelta(seconds=1)


def logins(tokens: Tokens = TOKENS) -> Logins:
    return Logins(tokens, NOW - timedelta(hours=1))


def cookie_of(door: Logins) -> str:
    cookie = door.redeem(new_code(TOKENS, NOW), NOW)
    assert cookie is not None
    return cookie


def with_letter_changed(text: str, place: int) -> str:
    return text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]


def test_a_code_lets_in_once() -> None:
    door, code = logins(), new_code(TOKENS, NOW)
    cookie = door.redeem(code, NOW + SECOND)
    assert cookie is not None
    assert door.known(cookie, NOW + SECOND)
    assert door.redeem(code, NOW + SECOND) is None
    assert door.redeem(new_code(TOKENS, NOW), NOW) is not None


def test_a_code_is_over_after_its_time_and_never_holds_longer() -> None:
    assert logins().redeem(new_code(TOKENS, NOW), NOW + CODE_LIFE - SECOND) is not None
    assert logins().redeem(new_code(TOKENS, NOW), NOW + CODE_LIFE) is None
    assert logins().redeem(new_code(TOKENS, NOW + timedelta(hours=1)), NOW) is None


def test_a_code_from_before_the_start_may_have_been_used_then() -> None:
    code = new_code(TOKENS, NOW)
    assert Logins(TOKENS, NOW + 2 * SECOND).redeem(code, NOW + 3 * SECOND) is None


def test_a_cookie_ends() -> None:
    door = logins()
    cookie = cookie_of(door)
    assert door.known(cookie, NOW + COOKIE_LIFE - SECOND)
    assert not door.known(cookie, NOW + COOKIE_LIFE)


def test_no_letter_of_a_code_or_cookie_can_be_changed() -> None:
    door, code = logins(), new_code(TOKENS, NOW)
    cookie = cookie_of(door)
    # The last letter of 32 bytes in base64 holds two bits that say nothing; the text is compared, so it counts too.
    assert not any(door.redeem(with_letter_changed(code, place), NOW) for place in range(len(code)))
    assert not any(door.known(with_letter_changed(cookie, place), NOW) for place in range(len(cookie)))
    assert door.redeem(code, NOW) is not None


@pytest.mark.parametrize("text", ["", ".", "..", "9999999999.x.", "ü.ü.ü", "a" * 100_000, "9" * 150 + ".x.y"])
def test_what_nobody_made_is_refused(text: str) -> None:
    door = logins()
    assert door.redeem(text, NOW) is None
    assert not door.known(text, NOW)
    assert not door.sent_by_us(cookie_of(door), text)


def test_a_code_is_no_cookie_and_a_cookie_no_code() -> None:
    door = logins()
    cookie = cookie_of(door)
    assert not door.known(new_code(TOKENS, NOW), NOW)
    assert door.redeem(cookie, NOW) is None


def test_another_token_makes_other_codes_cookies_and_forms() -> None:
    others = Tokens({"a-token-of-another-one": LOCAL_WORKSPACE})
    assert logins(others).redeem(new_code(TOKENS, NOW), NOW) is None
    cookie = cookie_of(logins())
    assert not logins(others).known(cookie, NOW)
    assert not logins(others).sent_by_us(cookie, logins().form_token(cookie))


def test_a_form_belongs_to_one_cookie() -> None:
    door = logins()
    mine, other = cookie_of(door), cookie_of(door)
    assert door.sent_by_us(mine, door.form_token(mine))
    assert not door.sent_by_us(mine, door.form_token(other))
    assert not door.sent_by_us(mine, "")
