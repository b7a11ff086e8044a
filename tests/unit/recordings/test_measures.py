"""What advice is judged by: hand-made examples, and what must hold for any."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.recordings.measures.baselines import common_words_text, markov_times_failure_rate, most_recent_error
from host.recordings.measures.curve import at_noise, curve
from host.recordings.measures.failing import area, by_target_class, rates
from host.recordings.measures.fixes import fixable, holds_needed, pairs_of, texts_for
from host.recordings.measures.following import expected, hits
from host.recordings.measures.intervals import area_interval, wilson
from host.recordings.measures.model import Call, CallClass, Channel, FailureKey, Item, Judged, by_session
from host.recordings.measures.report import measured
from host.recordings.measures.verdicts import Verdict, verdict, verdicts
from host.recordings.measures.warning import repeated_failures, warning
from host.recordings.measures.words import Rarity
from tests.unit.recordings.calls import UNKNOWN_FLAG, call, item, session_of

USER_REFUSED = FailureKey("Bash", "mycli build", "tool.rejected_by_user")


@pytest.mark.parametrize(
    ("piece", "failing_at", "warned", "with_call"),
    [
        (item(1), 1, True, False),
        (item(1), 5, True, False),
        (item(1), 6, False, False),
        (item(2), 1, False, False),
        (item(1, Channel.BEFORE_CALL), 1, False, True),
        (item(1, Channel.BEFORE_CALL), 2, True, False),
        (item(1, Channel.REFUSAL), 1, True, False),
        (item(1, names=[FailureKey("Bash", "mycli build", "")]), 1, True, False),
        (item(1, names=[FailureKey("Bash", "mycli test", "shell.unknown_flag")]), 1, False, False),
    ],
)
def test_a_failure_is_warned_of_by_what_was_read_before_it(
    piece: Item, failing_at: int, warned: bool, with_call: bool
) -> None:
    session = session_of([number == failing_at for number in range(10)])

    found = verdict(piece, session, Rarity(session))

    assert (bool(found.warned), bool(found.with_call), found.borne_out) == (warned, with_call, warned or with_call)


def test_in_time_and_with_the_call_are_told_apart_in_the_counts() -> None:
    session = session_of([True, False, True, False, False, False, False, True])
    pieces = [item(1, Channel.FAILURE, about=0), item(6, Channel.BEFORE_CALL), item(7, Channel.BEFORE_CALL)]

    found = warning(verdicts(pieces, by_session(session), Rarity(session)), repeated_failures(session), len(session))

    assert (found.repeated, found.in_time, found.ahead, found.with_call) == (2, 1, 0, 1)
    assert found.noise == 0


@pytest.mark.parametrize(
    ("piece", "used"),
    [
        (item(1, words=["--quick"], text="Try --quick."), True),
        (item(1, words=["mycli"], text="Try mycli."), False),
        (item(1, words=["--quick"], text="Try --quick.", about=3), False),
        (item(1, target="mycli build --quick", text="`mycli build --quick` worked"), True),
        (item(1, target="mycli build --quick", text="`mycli build --quick` worked", about=3), False),
        (item(4, words=["--quick"], text="Try --quick."), False),
    ],
)
def test_a_suggestion_is_used_by_a_rare_word_or_its_target_that_the_call_itself_did_not_have(
    piece: Item, used: bool
) -> None:
    """Call 3 does it; `mycli` is in every call. What is said at call 3 itself cannot be followed by it."""
    session = [call(order) for order in range(100)]
    session[3] = call(3, command="mycli build --quick")

    assert verdict(piece, session, Rarity(session)).used is used


LONG = "mycli build --quick --target release --jobs 4 --verbose"


@pytest.mark.parametrize(
    ("command", "piece", "used"),
    [
        ("mycli build --quick", item(1, words=["--quick", "--slow"], text="Try --slow."), False),
        ("mycli build --quick", item(1, words=["--quick"], text="Try --quickly."), False),
        ("mycli build --quick", item(1, target="mycli build --quick", text="It failed before."), False),
        ("mycli build --quick", item(1, target="mycli build --quick", text="`mycli build …` worked"), False),
        (LONG, item(1, target=LONG, text=f"`{LONG[:40]}…` worked"), True),
        (LONG, item(1, target=LONG, text=f"`{LONG[:39]}…` worked"), False),
        ("ls", item(1, target="ls", text="or else"), False),
        ("ls", item(1, target="ls", text="`ls` worked"), True),
        ("echo `date`\n  <now>", item(1, target="echo `date`\n  <now>", text="`echo 'date' ‹now>` worked"), True),
    ],
)
def test_only_what_the_text_says_can_be_followed(command: str, piece: Item, used: bool) -> None:
    session = [call(order) for order in range(100)]
    session[3] = call(3, command=command)

    assert verdict(piece, session, Rarity(session)).used is used


def test_a_refusal_that_was_named_bears_advice_out_and_counts_as_no_failing_call() -> None:
    session = session_of([False] * 3)
    session[1] = replace(session[1], refused=True, perceived=USER_REFUSED)
    named = verdict(item(0, names=[USER_REFUSED]), session, Rarity(session))

    assert named.borne_out
    assert not verdict(item(2, names=[USER_REFUSED]), session, Rarity(session)).borne_out
    assert warning([named], repeated_failures(session), len(session)).in_time == 0


def test_only_failures_that_their_own_project_has_seen_are_repeated() -> None:
    calls = [
        call(0, failure="shell.unknown_flag"),
        call(1, failure="shell.unknown_flag", project="another"),
        call(2, failure="shell.timeout"),
        call(3, failure="shell.unknown_flag"),
    ]

    assert repeated_failures(calls) == {3}


FILLER = [call(order, session="filler", index=order) for order in range(200)]
FIXES = [
    call(200 + number, session=session, index=number % 2, failure=failure, command=f"mycli build {words}")
    for session, start in (("one", 0), ("two", 2))
    for number, failure, words in ((start, "shell.unknown_flag", "--fast"), (start + 1, "", "--quick"))
]


def test_a_fix_is_judged_by_what_was_said_between_the_failure_and_it() -> None:
    calls = [*FILLER, *FIXES]
    pairs = pairs_of(by_session(calls))
    (case,) = fixable(pairs, Rarity(calls))

    assert [(pair.failure.order, pair.fix.order) for pair in pairs] == [(200, 201), (202, 203)]
    assert (case.pair.failure.order, case.needed) == (202, {"quick"})
    at_failure = item(1, Channel.FAILURE, text="`mycli build --quick` worked", session="two")
    too_late = item(1, Channel.BEFORE_CALL, text="--quick", session="two")
    with_it = item(0, Channel.BEFORE_CALL, text="`mycli build --quick` worked", session="two")
    assert holds_needed(case, texts_for(case.pair, [at_failure]))
    assert holds_needed(case, texts_for(case.pair, [with_it])), "it is read with the failure"
    assert not holds_needed(case, texts_for(case.pair, [too_late, item(0, text="--quick", session="two")]))
    assert "quick" in common_words_text(case)


def test_the_report_tells_advice_from_baselines() -> None:
    calls = [*FILLER, *FIXES]
    judged = Judged(calls, [item(1, Channel.FAILURE, text="--quick", session="two")], pairs_of(by_session(calls)), [])

    document = measured(judged)

    assert document["measures"]["fixed"]["count"] == document["measures"]["fixed"]["of"] == 1
    assert document["baselines"]["none"]["fixed"]["count"] == 0
    assert document["baselines"]["common_words"]["fixed"]["count"] == 1
    assert document["measures"]["failure_prediction"] is None
    assert document["measures"]["noise"]["per_100_calls"] == pytest.approx(100 / 204)


def test_baselines_know_the_past_alone() -> None:
    """Both name the failure only once it has happened, and for the session's next call."""
    calls = [call(order, failure="shell.unknown_flag" if order == 3 else "") for order in range(6)]
    judged = Judged(calls, [], [], [])

    assert [piece.position for piece in most_recent_error(judged)] == [4, 5, 6]
    forecast = markov_times_failure_rate(judged)
    assert next(piece.position for piece in forecast if piece.names == (UNKNOWN_FLAG,)) == 4
    assert all(0 < piece.probability < 1 / 4 for piece in forecast)
    before = rates(calls, by_target_class)
    assert before[3] == min(before)
    assert before[4] > before[3]


def test_the_next_call_is_expected_from_the_last_one_of_its_session() -> None:
    classes = ["ls", "cat", "ls", "cat", "ls", "cat"]
    calls = [call(order, target_class=name) for order, name in enumerate(classes)]
    guesses = expected(calls, lambda each: each.call_class)

    assert guesses[0] == ()
    assert guesses[5][0] == CallClass("Bash", "cat")
    assert hits(calls, guesses, lambda each: each.call_class) == 4
    assert hits(calls, [None] * 6, lambda each: each.call_class) == 0


scored = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.5, 0.5000001, 1.0]), st.booleans()), max_size=40)


@given(scored)
def test_the_area_is_the_share_of_pairs_in_order(pairs: list[tuple[float, bool]]) -> None:
    positives = [score for score, failed in pairs if failed]
    negatives = [score for score, failed in pairs if not failed]
    found = area([score for score, _ in pairs], [failed for _, failed in pairs])

    if not positives or not negatives:
        assert found is None
        return
    wins = sum((high > low) + (high == low) / 2 for high in positives for low in negatives)
    assert found is not None
    assert found == pytest.approx(wins / (len(positives) * len(negatives)))
    interval = area_interval(found, len(positives), len(negatives))
    assert interval is not None
    assert interval[0] <= found <= interval[1]


pieces = st.lists(
    st.builds(
        item,
        st.integers(0, 30),
        st.sampled_from(Channel),
        names=st.sampled_from([(), (UNKNOWN_FLAG,)]),
        probability=st.sampled_from([0.0, 0.1, 0.2, 0.9]),
    ),
    max_size=30,
)
sessions = st.lists(st.booleans(), max_size=30).map(session_of)


@given(pieces, sessions)
def test_noise_and_what_was_borne_out_are_all_that_was_delivered(said: list[Item], session: list[Call]) -> None:
    judged = verdicts(said, by_session(session), Rarity(session))
    found = warning(judged, repeated_failures(session), len(session))

    assert found.delivered == len(said)
    if session:
        assert found.noise * len(session) / 100 + found.borne_out == pytest.approx(found.delivered)
    assert found.ahead <= found.in_time
    assert found.in_time + found.with_call <= found.repeated


@given(pieces, sessions.filter(bool))
def test_a_higher_threshold_never_makes_more_noise_nor_warns_of_more(said: list[Item], session: list[Call]) -> None:
    judged: list[Verdict] = verdicts(said, by_session(session), Rarity(session))
    repeated = repeated_failures(session)
    points = curve(judged, repeated, len(session))
    whole = warning(judged, repeated, len(session))

    for higher, lower in pairwise(points):
        assert higher.threshold > lower.threshold
        assert higher.noise <= lower.noise
        assert higher.warned <= lower.warned
    if points:
        assert points[-1].noise == pytest.approx(whole.noise)
        assert points[-1].warned * whole.repeated == pytest.approx(whole.in_time)
        assert at_noise(points, whole.noise) is not None
    assert at_noise(points, -1) is None


@given(st.integers(0, 500), st.integers(1, 500))
def test_a_share_lies_within_its_interval(part: int, whole: int) -> None:
    interval = wilson(min(part, whole), whole)

    assert interval is not None
    assert 0 <= interval[0] <= min(part, whole) / whole <= interval[1] <= 1
