"""What is told of an engine's error, and that nothing of what it said is repeated."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.inference.engines.anthropic_messages import Account
from services.inference.engines.openai_compatible import Where
from services.inference.engines.refusals import answered, broken

KEY = "sk-very-secret-0123456789"


class StatusError(Exception):
    """As the SDKs' own: the text holds what the server said."""

    def __init__(self, status_code: int, body: object) -> None:
        super().__init__(f"Incorrect API key provided: {KEY}")
        self.status_code = status_code
        self.body = body


class APIConnectionError(Exception):
    """As the SDKs' own."""


class RemoteProtocolError(Exception):
    """As their HTTP client's own."""


@given(st.integers(300, 599), st.text(max_size=20))
def test_no_word_of_the_server_is_repeated(status: int, label: str) -> None:
    body = {"error": {"message": f"bad key {KEY}", "type": f"{label} {KEY}"}}
    told = broken("openai", StatusError(status, body))
    assert KEY not in told.message
    assert str(status) in told.message


@pytest.mark.parametrize(
    ("status", "transient", "overloaded"),
    [
        (400, False, False),
        (413, False, False),
        (422, False, False),
        (401, True, False),
        (404, True, False),
        (500, True, False),
        (429, True, True),
        (503, True, True),
        (529, True, True),
    ],
)
def test_a_status_says_whether_it_is_worth_asking_elsewhere(status: int, transient: bool, overloaded: bool) -> None:
    told = answered("openai", status)
    assert (told.transient, told.overloaded, told.gone) == (transient, overloaded, False)


def test_the_servers_own_name_of_an_error_is_kept() -> None:
    told = broken("openai", StatusError(400, {"type": "exceed_context_size_error"}))
    assert told.message == "openai refuses the request (400 exceed_context_size_error)"


@pytest.mark.parametrize("error", [APIConnectionError(KEY), RemoteProtocolError(KEY)])
def test_a_lost_connection_says_that_the_server_is_gone(error: Exception) -> None:
    told = broken("openai", error)
    assert (told.gone, told.transient) == (True, True)
    assert KEY not in told.message


def test_what_is_unknown_is_told_by_its_kind_alone() -> None:
    told = broken("openai", ValueError(KEY))
    assert told.message == "openai failed (ValueError)"


def test_no_text_of_a_place_holds_its_key() -> None:
    assert KEY not in f"{Where('http://h', 'm', KEY)!r} {Account('m', KEY)!r} {Account('m', KEY)}"
