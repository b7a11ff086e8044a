from __future__ import annotations

import pytest

from services.telemetry.buckets import bucket_of
from services.telemetry.figures import Cell, Judged, Summary, decided_in, judged_in
from services.telemetry.scorecard import PARTS, Scorecard, Standing, measure, scorecard
from spark.moment.v1 import moment_pb2
from spark.packets.v1 import advice_pb2
from spark.router.v1 import router_pb2

CALL = moment_pb2.MOMENT_KIND_CALL_PROPOSED
EXACT, DETERMINISTIC, LIVE = router_pb2.ROUTE_PACKET_EXACT, router_pb2.ROUTE_DETERMINISTIC, router_pb2.ROUTE_LIVE


def cell(
    count: int, *, route: int = EXACT, silence: int = 0, found: bool = True, latency_us: int = 1500, kind: int = CALL
) -> Cell:
    return Cell(kind, route, silence, not silence, found, bucket_of(latency_us), count)


def summary(*cells: Cell, faults: dict[tuple[str, str], int] | None = None) -> Summary:
    return Summary(
        decided=decided_in(cells),
        judged=Judged(useful=300, judged=400),
        first_calls=100,
        first_calls_packets=90,
        faults=faults or {},
    )


GOOD = summary(
    cell(900),
    cell(100, silence=router_pb2.SILENCE_COOLDOWN),
    cell(500, route=DETERMINISTIC, silence=router_pb2.SILENCE_NO_LESSON, found=False),
)


def card_of(window: Summary, days: list[Summary] | None = None) -> Scorecard:
    return scorecard(window, GOOD, days or [window] * 3, window)


def test_the_weights_are_those_of_the_seed() -> None:
    assert [weight for weight, _ in PARTS.values()] == [0.35, 0.25, 0.20, 0.10, 0.10]


def test_where_all_levels_are_kept_the_score_is_ten_and_it_goes_on() -> None:
    card = card_of(GOOD)
    assert (card.score, card.known, card.go) == (pytest.approx(10), pytest.approx(1), Standing.MET)


def test_a_part_counts_by_its_weight() -> None:
    slow = summary(cell(900, latency_us=2_000_000), cell(100, silence=router_pb2.SILENCE_COOLDOWN))
    card = card_of(slow)
    # Two of three measures of reliability are missed.
    assert card.score == pytest.approx(10 * (1 - 0.35 * 2 / 3))
    assert card.go is Standing.MISSED


def test_one_bad_day_of_three_is_no_go() -> None:
    bad = summary(cell(300, route=LIVE), cell(700))
    assert measure("live_share", bad).standing is Standing.MISSED
    assert card_of(GOOD, [GOOD, bad, GOOD]).go is Standing.MISSED


def test_a_day_without_traffic_leaves_it_open() -> None:
    assert card_of(GOOD, [Summary(), GOOD, GOOD]).go is Standing.UNKNOWN
    nothing = scorecard(Summary(), Summary(), [Summary()] * 3, Summary())
    assert (nothing.score, nothing.known, nothing.go) == (None, 0, Standing.UNKNOWN)


def test_too_little_says_nothing() -> None:
    few = measure("packet_share", summary(cell(5)))
    assert few.value == 1.0
    assert few.standing is Standing.UNKNOWN


def test_hooks_without_an_answer_are_errors() -> None:
    window = summary(cell(990), faults={("hook", "late"): 6, ("hook", "failed"): 4, ("bus", "decision_lost"): 10})
    assert measure("error_rate", window).value == pytest.approx(0.01)
    assert measure("answered_share", window).value == pytest.approx(0.99)
    assert measure("recorded_share", window).value == pytest.approx(0.99)


def test_a_change_is_told_from_chance() -> None:
    fast, slow = summary(cell(1000, latency_us=1000)), summary(cell(1000, latency_us=3000))
    assert measure("hook_p95", slow, fast).differs
    assert not measure("hook_p95", fast, fast).differs
    less = summary(cell(800), cell(200, route=DETERMINISTIC))
    assert measure("packet_share", less, GOOD).differs
    assert measure("packet_share", GOOD, GOOD).before == 1.0


def test_what_was_withheld_or_said_before_is_counted_as_such() -> None:
    window = summary(
        cell(50),
        cell(30, silence=router_pb2.SILENCE_SHOWN_RECENTLY),
        cell(20, silence=router_pb2.SILENCE_LOW_AUTHORITY),
        cell(70, silence=router_pb2.SILENCE_CONTROL_ARM),
        cell(40, silence=router_pb2.SILENCE_DEADLINE),
    )
    advised = measure("advised_share", window)
    assert (advised.of, advised.value) == (100, 0.8)


def test_only_what_was_acted_on_or_praised_is_of_use() -> None:
    judged = judged_in(
        {
            (advice_pb2.ADVICE_STATE_FOLLOWED_WORKED, 0): 5,
            (advice_pb2.ADVICE_STATE_FOLLOWED_WORKED, advice_pb2.VERDICT_TOO_NOISY): 1,
            (advice_pb2.ADVICE_STATE_IGNORED_FAILED, 0): 2,
            (advice_pb2.ADVICE_STATE_OPEN, 0): 50,
            (advice_pb2.ADVICE_STATE_UNKNOWN, advice_pb2.VERDICT_HELPFUL): 1,
        }
    )
    assert (judged.useful, judged.judged) == (6, 9)
