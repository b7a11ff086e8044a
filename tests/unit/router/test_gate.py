"""The emission gate: what is said, what is held back, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.router.gate import LABEL, Authority, Occasion, Piece, Reason, Seen, judge
from services.router.settings import Policy

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FRESH = Seen(0, {}, {})
CALL = Occasion("Bash", "call-1", NOW, failure=False)
FAILURE = Occasion("Bash", "call-1", NOW, failure=True)


def piece(packet_id: str = "a", text: str = "", context: float = 1.0, confidence: float = 0.7) -> Piece:
    return Piece(packet_id, text or f"lesson {packet_id}", context, confidence, negative=True)


def reasons(pieces: list[Piece], occasion: Occasion, seen: Seen, policy: Policy | None = None) -> list[Reason | None]:
    return [judged.reason for judged in judge(pieces, occasion, seen, policy or Policy())]


def test_a_good_piece_is_said_as_a_warning() -> None:
    judged = judge([piece()], CALL, FRESH, Policy())
    assert judged[0].reason is None
    assert judged[0].authority is Authority.WARNING


def test_a_piece_that_fits_badly_is_too_weak() -> None:
    weak = Piece("a", "lesson", context=0.1, confidence=0.1, negative=False)
    assert reasons([weak], CALL, FRESH) == [Reason.LOW_AUTHORITY]


def test_a_failure_lends_weight() -> None:
    weak = Piece("a", "lesson", context=0.1, confidence=0.1, negative=False)
    assert reasons([weak], FAILURE, FRESH) == [None]


def test_a_piece_that_shares_no_word_of_its_own_does_not_fit() -> None:
    assert reasons([piece(context=0.09)], CALL, FRESH) == [Reason.LOW_AUTHORITY]
    assert reasons([piece(context=0.1)], CALL, FRESH) == [None]


def test_nothing_is_recommended_to_the_call_that_does_it() -> None:
    remedy = replace(piece(), remedy="tool --b")
    for occasion in (CALL, FAILURE):
        assert reasons([remedy], replace(occasion, target="tool --b"), FRESH) == [Reason.LOW_AUTHORITY]
        assert reasons([remedy], replace(occasion, target="tool --a"), FRESH) == [None]


def test_the_same_is_not_said_twice_within_its_time() -> None:
    seen = Seen(1, {"a/ahead": NOW - timedelta(seconds=599)}, {})
    assert reasons([piece()], CALL, seen) == [Reason.SHOWN_RECENTLY]
    later = Seen(1, {"a/ahead": NOW - timedelta(seconds=601)}, {})
    assert reasons([piece()], CALL, later) == [None]


def test_what_was_said_ahead_is_said_once_more_at_the_failure() -> None:
    seen = Seen(1, {"a/ahead": NOW - timedelta(seconds=20)}, {"prompt": NOW - timedelta(seconds=20)})
    assert reasons([piece()], FAILURE, seen) == [None]


def test_but_not_when_it_came_with_that_very_call() -> None:
    seen = Seen(1, {"a/ahead": NOW, "a#call-1": NOW}, {"Bash": NOW})
    assert reasons([piece()], FAILURE, seen) == [Reason.SHOWN_RECENTLY]


def test_a_tool_just_advised_on_cools_down() -> None:
    seen = Seen(1, {}, {"Bash": NOW - timedelta(seconds=6)})
    assert reasons([piece()], CALL, seen) == [Reason.COOLDOWN], "Bash cools for 7 s"
    assert reasons([piece()], Occasion("Read", "call-1", NOW, failure=False), seen) == [None]
    assert reasons([piece()], CALL, Seen(1, {}, {"Bash": NOW - timedelta(seconds=8)})) == [None]


def test_no_cooldown_stands_before_the_fix_of_a_failure() -> None:
    assert reasons([piece()], FAILURE, Seen(1, {}, {"Bash": NOW})) == [None]


def test_a_session_has_its_share() -> None:
    assert reasons([piece()], CALL, Seen(40, {}, {})) == [Reason.SESSION_BUDGET]


def test_two_pieces_at_most_and_no_text_twice() -> None:
    found = [piece("a"), piece("b", text="lesson a"), piece("c"), piece("d")]
    assert reasons(found, CALL, FRESH) == [None, Reason.DUPLICATE, None, Reason.NO_ROOM]


def test_a_second_piece_must_fit_whole() -> None:
    assert reasons([piece("a", "x" * 400), piece("b", "y" * 200)], CALL, FRESH) == [None, Reason.NO_ROOM]


@given(
    st.lists(
        st.builds(
            piece,
            st.sampled_from("abcdef"),
            st.text(min_size=1, max_size=600),
            st.floats(0, 1),
            st.floats(0, 1),
        ),
        max_size=8,
    ),
    st.booleans(),
    st.integers(0, 60),
    st.integers(80, 4000),
)
def test_whatever_is_on_offer_the_bounds_hold(pieces: list[Piece], failure: bool, emitted: int, chars: int) -> None:
    policy = Policy(max_chars=chars)
    occasion = Occasion("Bash", "call-1", NOW, failure)
    judged = judge(pieces, occasion, Seen(emitted, {}, {}), policy)
    assert [item.piece for item in judged] == pieces
    said = [item.piece.text for item in judged if item.reason is None]
    assert len(said) <= policy.max_items
    assert len(set(said)) == len(said)
    assert all(0 <= item.score <= 1 for item in judged)
    if len(said) > 1:
        assert len(LABEL) + sum(len(text) + 1 for text in said) <= chars + 1
    if emitted >= policy.session_budget:
        assert said == []
