"""Windows out of hours and edges agree with a count made straight from what was recorded."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.migrations import read_migrations
from services.telemetry.scorecard import GATES
from spark.moment.v1 import moment_pb2
from spark.packets.v1 import advice_pb2
from spark.router.v1 import router_pb2
from spark.telemetry.v1.windows_pb2 import (
    STANDING_MET,
    STANDING_MISSED,
    STEP_DAY,
    GetScorecardRequest,
    ListSeriesRequest,
    SummarizeRequest,
    SummarizeResponse,
)
from tests.integration.telemetry.happenings import ended, judged, observed, seen
from tests.integration.telemetry.world import PROJECT, World, calling, decided

NOW = datetime.now(UTC)
OTHER = "00000000000000bb"
ROUTES = (router_pb2.ROUTE_PACKET_EXACT, router_pb2.ROUTE_PACKET_RELAXED, router_pb2.ROUTE_DETERMINISTIC)
SILENCES = (
    router_pb2.SILENCE_NO_LESSON,
    router_pb2.SILENCE_COOLDOWN,
    router_pb2.SILENCE_SHOWN_RECENTLY,
    router_pb2.SILENCE_LOW_AUTHORITY,
)


def stamp(at: datetime) -> Timestamp:
    """A time as the contract has it."""
    answer = Timestamp()
    answer.FromDatetime(at)
    return answer


async def window(
    world: World, since: datetime, until: datetime, project: str = "", workspace: str = "local"
) -> SummarizeResponse:
    with calling(workspace):
        request = SummarizeRequest(since=stamp(since), until=stamp(until), project_id=project)
        return await world.stub.Summarize(request)


def history(picker: random.Random, count: int) -> list[router_pb2.AdviceDecided]:
    """Decisions of the last five days, as many at the edges of hours as within."""
    events: list[router_pb2.AdviceDecided] = []
    for _ in range(count):
        at = NOW - timedelta(seconds=picker.uniform(0, 5 * 86400))
        if picker.random() < 0.2:
            at = at.replace(minute=0, second=0, microsecond=0)
        event = decided(
            observed_at=at,
            project=picker.choice([PROJECT, OTHER]),
            route=picker.choice(ROUTES),
            silence=picker.choice(SILENCES),
            text=picker.choice(["", "said"]),
            hook_latency_us=int(picker.lognormvariate(7, 1)),
        )
        if event.decision.silence != router_pb2.SILENCE_NO_LESSON:
            event.decision.held.add(text="held")
        events.append(event)
    return events


async def test_every_window_agrees_with_a_count_of_the_events(world: World) -> None:
    picker = random.Random(1)
    events = history(picker, 600)
    await world.record(*events)
    for _ in range(25):
        until = NOW - timedelta(seconds=picker.uniform(-100, 4 * 86400))
        since = until - timedelta(seconds=picker.choice([30, 1800, 3600, 5000, 86400, 300000]))
        if picker.random() < 0.3:
            since, until = since.replace(minute=0, second=0, microsecond=0), until.replace(minute=0, second=0)
        project = picker.choice(["", PROJECT, OTHER])
        inside = [
            event
            for event in events
            if since <= event.envelope.observed_at.ToDatetime(UTC) < until
            and project in ("", event.envelope.project_id)
        ]
        told = await window(world, since, until, project)
        assert told.decisions == len(inside)
        assert told.said == sum(bool(event.decision.text) for event in inside)
        assert {each.name: each.count for each in told.routes} == Counter(
            router_pb2.Route.Name(event.decision.route)[6:].lower() for event in inside
        )
        assert told.applicable == sum(event.decision.silence != router_pb2.SILENCE_NO_LESSON for event in inside)
        ordered = sorted(event.hook_latency_us for event in inside)
        if ordered:
            assert told.exact
            assert told.p95_us == ordered[math.ceil(0.95 * len(ordered)) - 1]
            of_route = next(each for each in told.latencies if each.route == inside[0].decision.route and not each.kind)
            alike = sorted(e.hook_latency_us for e in inside if e.decision.route == inside[0].decision.route)
            assert (of_route.count, of_route.p50_us) == (len(alike), alike[math.ceil(0.5 * len(alike)) - 1])


async def test_what_is_gone_is_still_counted_with_edges_of_buckets(world: World) -> None:
    at = NOW - timedelta(days=40)
    await world.record(*(decided(observed_at=at, hook_latency_us=1000) for _ in range(10)))
    await world.tables.execute("delete from telemetry.decision")
    told = await window(world, NOW - timedelta(days=60), NOW)
    assert (told.decisions, told.exact, told.p50_us) == (10, False, 1023)


async def test_what_came_before_hours_were_counted_is_counted_by_the_migration(world: World) -> None:
    events = history(random.Random(2), 200)
    await world.record(*events)
    counted = await world.tables.fetch("select * from telemetry.decision_hour order by 1, 2, 3, 4, 5, 6, 7, 8, 9")
    migration = next(each.sql for each in read_migrations("services.telemetry") if each.name == "0003_seen")
    begin, end = migration.index("update telemetry.decision set"), migration.index("create table telemetry.moment (")
    await world.tables.execute("update telemetry.decision set bucket = 0")
    await world.tables.execute("delete from telemetry.decision_hour")
    await world.tables.execute(migration[begin:end])
    again = await world.tables.fetch("select * from telemetry.decision_hour order by 1, 2, 3, 4, 5, 6, 7, 8, 9")

    def without_found(rows: Sequence[asyncpg.Record]) -> Counter[tuple[object, ...]]:
        counts = Counter[tuple[object, ...]]()
        for row in rows:
            values = tuple(row.values())
            counts[(*values[:7], row["bucket"])] += row["count"]
        return counts

    assert without_found(again) == without_found(counted)


async def test_outcomes_engines_faults_and_moments_are_those_of_the_window(world: World) -> None:
    at, before = NOW - timedelta(hours=1), NOW - timedelta(hours=30)
    followed, noisy = advice_pb2.ADVICE_STATE_FOLLOWED_WORKED, advice_pb2.VERDICT_TOO_NOISY
    await world.announce(
        judged("advice-1", followed, given_at=at, after_s=5),
        # Comes late: what was said of it later holds.
        judged("advice-1", given_at=at),
        judged("advice-2", given_at=at),
        judged("advice-2", advice_pb2.ADVICE_STATE_IGNORED_FINE, given_at=at, after_s=60, verdict=noisy),
        judged("advice-3", given_at=before),
        ended("call-1", at=at, cost=700),
        ended("call-2", at=at, tokens=(7, 3), cost=1),
        ended("call-3", at=before),
        seen("hook", "late", 3, at=at),
        seen("hook", "late", 4, at=before),
        observed("m1", at=at),
        observed("m1", at=at),
        observed("m2", moment_pb2.MOMENT_KIND_CALL_FAILED, at=at),
        observed("m3", at=before),
    )
    told = await window(world, NOW - timedelta(hours=24), NOW)
    assert {each.name: each.count for each in told.outcomes} == {"followed_worked": 1, "ignored_fine": 1}
    assert {each.name: each.count for each in told.verdicts} == {"too_noisy": 1}
    assert (told.useful, told.judged) == (1, 2)
    (engine,) = told.generations
    assert (engine.engine, engine.purpose, engine.count) == ("llama", "agent_0", 2)
    assert (engine.input_tokens, engine.output_tokens, engine.cost_microusd) == (107, 23, 701)
    assert {each.name: each.count for each in told.faults} == {"hook late": 3}
    assert {each.name: each.count for each in told.moments} == {"call_succeeded": 1, "call_failed": 1}
    everything = await window(world, NOW - timedelta(days=3), NOW)
    assert sum(each.count for each in everything.outcomes) == 3


async def test_a_series_has_a_point_for_each_step_and_its_sums(world: World) -> None:
    midnight = (NOW - timedelta(days=2)).replace(hour=0, minute=0, second=0, microsecond=0)
    await world.record(
        *(
            decided(observed_at=midnight + timedelta(hours=hour), text="said", hook_latency_us=31)
            for hour in (0, 1, 1, 25)
        )
    )
    await world.announce(ended("call-1", at=midnight + timedelta(hours=1), cost=5), seen("bus", "lost", 2, at=midnight))
    with calling():
        by_hour = await world.stub.ListSeries(ListSeriesRequest(since=stamp(midnight), until=stamp(NOW)))
        by_day = await world.stub.ListSeries(ListSeriesRequest(since=stamp(midnight), until=stamp(NOW), step=STEP_DAY))
    assert len(by_hour.points) == math.ceil((NOW - midnight) / timedelta(hours=1))
    assert [point.decisions for point in by_hour.points[:3]] == [1, 2, 0]
    assert (by_hour.points[1].tokens, by_hour.points[1].cost_microusd, by_hour.points[0].faults) == (120, 5, 2)
    assert [point.decisions for point in by_day.points] == [3, 1, 0]
    assert (by_day.points[0].p95_us, by_day.points[0].said) == (31, 3)


async def test_the_scorecard_says_whether_to_go_on(world: World) -> None:
    events: list[router_pb2.AdviceDecided] = []
    followed = advice_pb2.ADVICE_STATE_FOLLOWED_WORKED
    for day in range(3):
        for number in range(210):
            event = decided(
                observed_at=NOW - timedelta(days=day, hours=2, seconds=number),
                route=router_pb2.ROUTE_PACKET_EXACT,
                text="said",
                session=f"{day}-{number}",
            )
            event.decision.said.add(text="said")
            events.append(event)
    await world.record(*events)
    await world.announce(
        *(
            judged(f"advice-{day}-{number}", followed, given_at=NOW - timedelta(days=day, hours=2))
            for day in range(3)
            for number in range(20)
        )
    )
    with calling():
        card = await world.stub.GetScorecard(GetScorecardRequest(until=stamp(NOW)))
    assert card.go == STANDING_MET
    assert card.score == pytest.approx(10)
    assert [gate.name for gate in card.gates] == [*GATES]
    measures = {measure.name: measure for part in card.parts for measure in part.measures}
    assert (measures["first_call_packets"].of, measures["first_call_packets"].value) == (210, 1.0)
    assert measures["hook_p95"].value == 1.5
    assert measures["packet_share"].lower < 1.0
    await world.announce(seen("hook", "failed", 5, at=NOW - timedelta(hours=30)))
    with calling():
        card = await world.stub.GetScorecard(GetScorecardRequest(until=stamp(NOW)))
    assert card.go == STANDING_MISSED
    error_rate = next(gate for gate in card.gates if gate.name == "error_rate")
    assert [day.standing for day in error_rate.days] == [STANDING_MET, STANDING_MISSED, STANDING_MET]
