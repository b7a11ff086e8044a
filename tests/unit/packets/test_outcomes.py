"""What becomes of advice, call by call."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.packets.outcomes import (
    FOLLOWED_FAILED,
    FOLLOWED_WORKED,
    IGNORED_FAILED,
    IGNORED_FINE,
    OPEN,
    PARTLY_TO_BLAME,
    REJECTED,
    TO_BLAME,
    WINDOW,
    Call,
    End,
    Following,
    Named,
    State,
    Suggested,
    follow,
)
from services.packets.records import dump_calls, dump_following, load_calls, load_following

USER_REFUSED = "tool.rejected_by_user"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BAD_FLAG = Named("Bash", "tool run", "shell.bad_flag")
NEW_FLAG = Suggested("Bash", "tool run --new x", frozenset({"--new"}))
AHEAD = Following(NOW, "", (BAD_FLAG,), (NEW_FLAG,))


def call(number: int, target: str = "ls", end: End = End.WORKED, failure: str = "", **changes: object) -> Call:
    """Call `number` after the advice, one a second."""
    at = NOW + timedelta(seconds=number)
    program = target.split()[0]
    made = Call(f"c{number}", at, at, "Bash", target, " ".join(target.split()[:2]), program, "", end, failure)
    return replace(made, **changes)


def failed(number: int, target: str = "tool run --old x", failure: str = "shell.bad_flag") -> Call:
    return call(number, target, End.FAILED, failure)


NOTHING = [call(number) for number in range(1, WINDOW + 1)]

STORIES: list[tuple[str, list[Call], State, float]] = [
    ("the suggestion works", [call(1), call(2, "tool run --new x")], FOLLOWED_WORKED, 0),
    ("one word of it works on another thing", [call(1, "tool run --new y")], FOLLOWED_WORKED, 0),
    ("another program with that word is another call", [call(1, "other --new"), *NOTHING[1:]], IGNORED_FINE, 0),
    ("the suggestion fails as before", [failed(1, "tool run --new x")], FOLLOWED_FAILED, TO_BLAME),
    ("it fails otherwise", [failed(1, "tool run --new x", "shell.auth")], FOLLOWED_FAILED, PARTLY_TO_BLAME),
    ("it finds the code wrong", [failed(1, "tool run --new x", "test.failed")], OPEN, 0),
    ("nobody can tell how it ended", [call(1, "tool run --new x", End.UNCLEAR)], OPEN, 0),
    ("the user refuses it", [call(1, "tool run --new x", End.REFUSED, USER_REFUSED)], REJECTED, PARTLY_TO_BLAME),
    ("the failure comes", [call(1), failed(2)], IGNORED_FAILED, 0),
    ("another failure comes", [failed(1, "tool run --old x", "shell.auth"), *NOTHING[1:]], IGNORED_FINE, 0),
    ("nothing comes", NOTHING, IGNORED_FINE, 0),
    ("nothing comes yet", NOTHING[:-1], OPEN, 0),
    ("it comes too late", [*NOTHING, failed(9)], IGNORED_FINE, 0),
    ("what failed before the advice is no outcome", [failed(-1)], OPEN, 0),
    ("what began before it could not follow it", [call(2, NEW_FLAG.target, began=NOW - timedelta(seconds=3))], OPEN, 0),
]


@pytest.mark.parametrize(("calls", "state", "blame"), [story[1:] for story in STORIES], ids=[s[0] for s in STORIES])
def test_the_first_call_that_tells_decides(calls: list[Call], state: State, blame: float) -> None:
    after = follow(AHEAD, calls)
    assert (after.state, after.blame) == (state, blame)


def test_the_call_it_was_given_for_follows_nothing_and_leaves_the_window_whole() -> None:
    advice = replace(AHEAD, given_for="c1")
    began = NOW - timedelta(seconds=1)
    assert follow(advice, [replace(failed(1), began=began)]).state == IGNORED_FAILED
    assert follow(advice, [call(1, "tool run --new x")]).state == OPEN
    refused = follow(advice, [call(1, "tool run --old x", End.REFUSED, USER_REFUSED)])
    assert (refused.state, refused.blame) == (REJECTED, 0.0)
    assert follow(advice, NOTHING).passed == WINDOW - 1


def test_a_refusal_that_was_foretold_bears_the_advice_out() -> None:
    foretold = replace(AHEAD, names=(Named("Bash", "git push", USER_REFUSED),), suggests=(), given_for="c1")
    for number in (1, 2):
        assert follow(foretold, [call(number, "git push", End.REFUSED, USER_REFUSED)]).state == IGNORED_FAILED
    assert follow(foretold, [failed(2, "git push", "shell.auth")]).state == OPEN


def test_the_same_call_in_another_folder_follows_where_the_folder_is_what_was_suggested() -> None:
    there = replace(AHEAD, suggests=(Suggested("Bash", "npm test", frozenset({"web"})),))
    assert follow(there, [call(1, "npm test")]).state == OPEN
    assert follow(there, [call(1, "npm test", directory="web")]).state == FOLLOWED_WORKED


CALLS = st.lists(
    st.builds(
        call,
        st.integers(-2, 9),
        st.sampled_from(["ls", "tool run --new x", "tool run --old x"]),
        st.sampled_from(End),
        st.sampled_from(["shell.bad_flag", "shell.auth", "test.failed", USER_REFUSED]),
    ),
    max_size=10,
)


def test_code_that_is_wrong_does_not_speak_against_how_it_is_run_though_advice_named_that() -> None:
    wrong = failed(1, "tool run --new x", "test.failed")
    forecast = replace(AHEAD, names=(BAD_FLAG, Named("Bash", "tool run", "test.failed")))
    assert follow(forecast, [wrong]).state == OPEN


@given(CALLS, st.integers(0, 10), st.sampled_from(["", "c1"]))
def test_a_batch_that_comes_again_changes_nothing(calls: list[Call], cut: int, given_for: str) -> None:
    advice = replace(AHEAD, given_for=given_for)
    once = follow(follow(advice, calls[:cut]), calls[cut:])
    assert follow(follow(once, calls[:cut]), calls[cut:]) == once
    assert once.passed <= WINDOW
    assert (once.decided_by != "") == (once.state not in {OPEN, IGNORED_FINE})


@given(CALLS)
def test_rows_keep_all_of_it(calls: list[Call]) -> None:
    after = follow(replace(AHEAD, given_for="c1"), calls)
    kept = load_following(dump_following(after), after.given_at, after.state, after.blame, after.decided_by)
    assert kept == after
    assert load_calls(dump_calls(calls)) == calls
