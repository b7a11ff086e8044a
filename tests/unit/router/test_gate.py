"""The emission gate: what is said, what is held back, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from services.router.gate import Authority, Occasion, Piece, Reason, Seen, Source, judge
from services.router.settings import Policy
from spark.moment.v1 import moment_pb2
from spark.router.v1 import router_pb2

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


def test_what_was_called_too_noisy_is_not_said_again_in_the_session() -> None:
    unwanted = replace(FRESH, unwanted=frozenset({"a"}))
    assert reasons([piece("a"), piece("b")], FAILURE, unwanted) == [Reason.TOO_NOISY, None]
    key = moment_pb2.FailureKey(tool="Bash", target_class="tool", failure_class="shell.bad_flag")
    other = moment_pb2.FailureKey(tool="Bash", target_class="tool", failure_class="shell.timeout")
    meant = replace(FRESH, unwanted=frozenset({"failure Bash|tool|shell.bad_flag"}))
    same, more = replace(piece("c"), named=(key,)), replace(piece("d"), named=(key, other))
    assert reasons([same, more], FAILURE, meant) == [Reason.TOO_NOISY, None]
    silenced = replace(FRESH, unwanted=frozenset({"tool Bash"}))
    assert reasons([piece()], FAILURE, silenced) == [Reason.TOO_NOISY]
    assert reasons([piece()], replace(CALL, tool="Read"), silenced) == [None]
    assert reasons([piece()], replace(CALL, tool=""), replace(FRESH, unwanted=frozenset({"tool prompt"}))) == [
        Reason.TOO_NOISY
    ]


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


def test_what_is_no_longer_true_is_never_said() -> None:
    assert reasons([replace(piece(), untrue=True)], FAILURE, FRESH) == [Reason.NO_LONGER_TRUE]


def forecast(packet_id: str = "a", names: str = "Bash|pytest") -> Piece:
    return replace(piece(packet_id, context=0.5), source=Source.FORECAST, names=frozenset(names.split()))


def test_a_forecast_of_what_a_better_piece_names_repeats_it() -> None:
    lesson = replace(piece("lesson"), names=frozenset({"Bash|pytest"}))
    assert reasons([lesson, forecast()], CALL, FRESH) == [None, Reason.DUPLICATE]
    assert reasons([lesson, forecast(names="Bash|pytest Bash|make")], CALL, FRESH) == [None, None]
    assert reasons([lesson, forecast(names="Bash|make")], CALL, FRESH) == [None, None]
    assert reasons([forecast(), lesson], CALL, FRESH) == [None, None], "the lesson says what the forecast cannot"


def test_one_fix_is_said_once_whoever_says_it() -> None:
    lesson = replace(piece("lesson"), remedy="tool --new")
    suggested = (router_pb2.Suggestion(tool="Bash", target="tool --new"),)
    outcome = replace(piece("outcome"), source=Source.OUTCOME, suggests=suggested)
    assert reasons([lesson, outcome], FAILURE, FRESH) == [None, Reason.DUPLICATE]
    assert reasons([outcome, lesson], FAILURE, FRESH) == [None, Reason.DUPLICATE]
    another = replace(outcome, suggests=(router_pb2.Suggestion(tool="Bash", target="tool --other"),))
    assert reasons([lesson, another], FAILURE, FRESH) == [None, None]


def test_one_change_after_one_failure_is_said_once() -> None:
    def lesson(packet_id: str, target: str, *words: str, failure: str = "build.compile") -> Piece:
        names = (moment_pb2.FailureKey(tool="Bash", target_class="go test", failure_class=failure),)
        suggests = (router_pb2.Suggestion(tool="Bash", target=target, words=words),)
        return replace(piece(packet_id), named=names, suggests=suggests)

    one, same = lesson("one", "go test -race", "engine"), lesson("same", "go test -run Lease", "engine")
    assert reasons([one, same], CALL, FRESH) == [None, Reason.DUPLICATE]
    assert reasons([one, lesson("other", "go test -race", "tools")], CALL, FRESH) == [None, None]
    assert reasons([one, lesson("other", "go test", "engine", failure="shell.auth")], CALL, FRESH) == [None, None]
    step = lesson("step", "go generate")
    assert reasons([step, lesson("again", "go generate")], CALL, FRESH) == [None, Reason.DUPLICATE]
    assert reasons([step, lesson("other", "go mod tidy")], CALL, FRESH) == [None, None]


def test_what_came_with_the_call_is_not_said_again_in_other_words() -> None:
    lesson = replace(piece("lesson"), remedy="tool --new")
    suggested = (router_pb2.Suggestion(tool="Bash", target="tool --new"),)
    outcome = replace(piece("outcome"), source=Source.OUTCOME, suggests=suggested)
    told = Seen(1, {"lesson/ahead": NOW, "lesson#call-1": NOW}, {"Bash": NOW})
    assert reasons([lesson, outcome], FAILURE, told) == [Reason.SHOWN_RECENTLY, Reason.DUPLICATE]
    other_call = replace(FAILURE, call="call-2")
    just_now = replace(told, packets={"lesson/failure": NOW})
    assert reasons([lesson, outcome], other_call, just_now) == [Reason.SHOWN_RECENTLY, Reason.DUPLICATE]
    a_while_ago = replace(told, packets={"lesson/failure": NOW - timedelta(seconds=60)})
    assert reasons([lesson, outcome], other_call, a_while_ago) == [Reason.SHOWN_RECENTLY, None]


def test_of_two_ways_to_do_the_same_thing_the_better_is_said() -> None:
    facts = [replace(piece(name), group="fact 1") for name in "ab"]
    assert reasons(facts, CALL, FRESH) == [None, Reason.DUPLICATE]
    assert reasons([piece("a"), piece("b")], CALL, FRESH) == [None, None]
