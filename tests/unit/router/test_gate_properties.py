"""What holds of the gate whatever is on offer, whatever was shown before, and however it is set."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.router.gate import (
    AFTER_FAILURE,
    MADE_AHEAD,
    NEGATIVE,
    UNPROVEN,
    Authority,
    Judged,
    Occasion,
    Piece,
    Reason,
    Seen,
    Source,
    judge,
    may_refuse,
    score_of,
)
from services.router.settings import Policy
from services.router.wording import text_of

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CALL_ID = "call-1"
IDS, TOOLS = "abcdef", ("Bash", "Read", "Edit", "")

shares = st.floats(0, 1)
times = st.integers(-900, 900).map(lambda seconds: NOW - timedelta(seconds=seconds))
groups = st.frozensets(st.sampled_from(["Bash|pytest", "Bash|make", "Read|.py"]), max_size=2)

pieces = st.builds(
    Piece,
    packet_id=st.sampled_from(IDS),
    text=st.text(min_size=1, max_size=600) | st.lists(st.text("xyz", min_size=5), max_size=40).map(", ".join),
    context=shares,
    confidence=shares,
    negative=st.booleans(),
    source=st.sampled_from(Source),
    exact=st.booleans(),
    certain=st.booleans(),
    effectiveness=shares,
    probability=shares,
    group=st.sampled_from(["", "fact 1"]),
    remedy=st.sampled_from(["", "tool --new"]),
    names=groups,
    news_at=st.none() | times,
    untrue=st.booleans(),
).filter(lambda piece: bool(piece.text))
occasions = st.builds(
    Occasion, st.sampled_from(TOOLS), st.just(CALL_ID), st.just(NOW), st.booleans(), st.sampled_from(["", "tool --new"])
)
shown_as = st.sampled_from(
    [f"{name}{end}" for name in IDS for end in ("/ahead", "/failure", f"#{CALL_ID}", "/refused")]
)
seen = st.builds(
    Seen,
    emitted=st.integers(0, 60),
    packets=st.dictionaries(shown_as, times, max_size=6),
    tools=st.dictionaries(st.sampled_from(["Bash", "Read", "Edit", "prompt"]), times, max_size=3),
    unwanted=st.frozensets(st.sampled_from([*IDS, "tool Bash", "tool prompt"]), max_size=3),
)
policies = st.builds(
    Policy,
    max_chars=st.integers(80, 4000),
    max_items=st.integers(1, 8),
    cooldown_s=st.floats(0, 3600),
    shown_ttl_s=st.floats(0, 86400),
    forecast_ttl_s=st.floats(0, 86400),
    session_budget=st.integers(1, 1000),
    refuse=st.booleans(),
)
offers = st.lists(pieces, max_size=8)


def said(judged: list[Judged]) -> list[Piece]:
    return [item.piece for item in judged if item.reason is None]


@given(offers, occasions, seen, policies)
def test_no_more_is_said_than_there_is_room_for(
    offered: list[Piece], occasion: Occasion, shown: Seen, policy: Policy
) -> None:
    judged = judge(offered, occasion, shown, policy)
    assert [item.piece for item in judged] == offered
    assert all(0 <= item.score <= 1 for item in judged)
    chosen = [item for item in judged if item.reason is None]
    assert len(chosen) <= policy.max_items
    assert len({item.piece.text for item in chosen}) == len(chosen)
    if chosen:
        assert len(text_of(chosen, policy)) <= policy.max_chars
    if shown.emitted >= policy.session_budget:
        assert not chosen


@given(offers, occasions, seen, policies, st.sampled_from(IDS))
def test_what_is_unwanted_is_never_said_however_good_it_is(
    offered: list[Piece], occasion: Occasion, shown: Seen, policy: Policy, name: str
) -> None:
    before = judge(offered, occasion, shown, policy)
    unwanted = replace(shown, unwanted=shown.unwanted | {name})
    after = judge(offered, occasion, unwanted, policy)
    for earlier, later in zip(before, after, strict=True):
        assert later.score == earlier.score
        if later.piece.packet_id in unwanted.unwanted:
            assert later.reason is not None
        elif earlier.reason is Reason.TOO_NOISY:
            assert later.reason is Reason.TOO_NOISY
    silenced = replace(shown, unwanted=frozenset({f"tool {occasion.tool or 'prompt'}"}))
    assert said(judge(offered, occasion, silenced, policy)) == []


GOOD = Piece("a", "what may fail next", 0.5, 0.9, negative=True)
AHEAD = Occasion("Bash", CALL_ID, NOW, failure=False)


@given(st.sampled_from(sorted(MADE_AHEAD, key=lambda source: source.value)), st.floats(0, 7200), st.floats(0, 7200))
def test_what_was_made_ahead_is_said_again_after_its_own_time(source: Source, ago: float, ttl: float) -> None:
    policy = Policy(forecast_ttl_s=ttl, shown_ttl_s=86400, cooldown_s=0)
    shown = Seen(1, {"a/ahead": NOW - timedelta(seconds=ago)}, {})
    (item,) = judge([replace(GOOD, source=source)], AHEAD, shown, policy)
    again = NOW - shown.packets["a/ahead"] >= timedelta(seconds=ttl)
    assert item.reason is (None if again else Reason.SHOWN_RECENTLY)


@given(st.integers(0, 119), st.integers(0, 119))
def test_news_is_said_at_once_and_old_news_is_not(shown_ago: int, happened_ago: int) -> None:
    shown = Seen(1, {"a/ahead": NOW - timedelta(seconds=shown_ago)}, {})
    told = replace(GOOD, source=Source.FORECAST, news_at=NOW - timedelta(seconds=happened_ago))
    (item,) = judge([told], AHEAD, shown, Policy(cooldown_s=0))
    assert item.reason is (None if happened_ago < shown_ago else Reason.SHOWN_RECENTLY)


@given(pieces, occasions)
def test_what_is_not_proven_moves_no_score(piece: Piece, occasion: Occasion) -> None:
    bare = 0.45 * piece.context + 0.25 * piece.confidence + 0.15
    bare *= (NEGATIVE if piece.negative else 1) * (AFTER_FAILURE if occasion.failure else 1)
    assert abs(score_of(replace(piece, effectiveness=UNPROVEN), occasion) - min(1.0, bare)) < 1e-9


@given(pieces, occasions, shares)
def test_what_helped_more_weighs_no_less(piece: Piece, occasion: Occasion, other: float) -> None:
    less, more = sorted((piece.effectiveness, other))
    weights = [score_of(replace(piece, effectiveness=each), occasion) for each in (less, more)]
    assert weights == sorted(weights)


@given(offers, occasions, seen, policies)
def test_a_call_is_stopped_only_for_what_is_certain_and_only_once(
    offered: list[Piece], occasion: Occasion, shown: Seen, policy: Policy
) -> None:
    for item in judge(offered, occasion, shown, policy):
        if item.authority is Authority.BLOCK:
            assert item.piece.certain
        if may_refuse(item, shown, policy):
            assert policy.refuse
            assert item.authority is Authority.BLOCK
            once = replace(shown, packets={**shown.packets, f"{item.piece.packet_id}/refused": NOW})
            assert not may_refuse(item, once, policy)


def test_what_is_certain_stops_a_call_where_that_is_wanted() -> None:
    sure = replace(GOOD, context=1.0, certain=True)
    (item,) = judge([sure], AHEAD, Seen(0, {}, {}), Policy(refuse=True))
    assert may_refuse(item, Seen(0, {}, {}), Policy(refuse=True))
    assert not may_refuse(item, Seen(0, {}, {}), Policy())
    assert not may_refuse(item, Seen(0, {"a/refused": NOW}, {}), Policy(refuse=True))
