from __future__ import annotations

import math
import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from grpc import StatusCode
from grpc.aio import AioRpcError

from spark.router.v1 import router_pb2
from spark.telemetry.v1.telemetry_pb2 import (
    ForgetRequest,
    ListDecisionsRequest,
)
from spark.telemetry.v1.windows_pb2 import SummarizeRequest, SummarizeResponse
from tests.integration.telemetry.world import World, calling, decided, ids

OTHER_PROJECT = "00000000000000bb"
MIDDAY = datetime.now(UTC).replace(hour=12)


async def test_the_newest_come_first_and_a_page_has_twenty(world: World) -> None:
    events = [decided(f"{n:026}", observed_at=MIDDAY + timedelta(seconds=n // 2)) for n in range(30)]
    await world.record(*random.Random(7).sample(events, len(events)))
    newest_first = ids(events)[::-1]
    assert ids(await world.listed()) == newest_first
    assert ids(await world.listed(ListDecisionsRequest())) == newest_first[:20]
    assert ids(await world.listed(ListDecisionsRequest(page_size=3))) == newest_first[:3]


async def test_filters_narrow_a_list(world: World) -> None:
    here, elsewhere, other_session, silent = (
        decided("1", text="said"),
        decided("2", text="said", project=OTHER_PROJECT),
        decided("3", text="said", session="other"),
        decided("4"),
    )
    await world.record(here, elsewhere, other_session, silent)
    for request, expected in (
        (ListDecisionsRequest(project_id=OTHER_PROJECT), {"2"}),
        (ListDecisionsRequest(session_id="other"), {"3"}),
        (ListDecisionsRequest(only_said=True), {"1", "2", "3"}),
        (ListDecisionsRequest(only_said=True, session_id="session", project_id=here.envelope.project_id), {"1"}),
        (ListDecisionsRequest(session_id="never"), set[str]()),
    ):
        assert set(ids(await world.listed(request))) == expected


async def test_a_decision_held_back_is_not_said(world: World) -> None:
    held = decided("1", text="decided, not said")
    held.decision.silence = router_pb2.SILENCE_EMIT_OFF
    await world.record(held, decided("2", text="said"))
    assert ids(await world.listed(ListDecisionsRequest(only_said=True))) == ["2"]


async def test_a_summary_counts_every_decision_once(world: World) -> None:
    picker = random.Random(11)
    routes = [number for number in router_pb2.Route.values() if number]
    silences = [number for number in router_pb2.Silence.values() if number]
    events = [
        decided(
            route=picker.choice(routes),
            silence=picker.choice(silences),
            text=picker.choice(["", "said"]),
            hook_latency_us=int(picker.lognormvariate(7, 1)),
        )
        for _ in range(333)
    ]
    await world.record(*events)
    summary = await summarized(world)

    assert (summary.decisions, summary.said) == (333, sum(bool(event.decision.text) for event in events))
    by_route = Counter(router_pb2.Route.Name(event.decision.route)[6:].lower() for event in events)
    assert {count.name: count.count for count in summary.routes} == by_route
    silent = [event.decision.silence for event in events if event.decision.silence]
    by_silence = Counter(router_pb2.Silence.Name(silence)[8:].lower() for silence in silent)
    assert {count.name: count.count for count in summary.silences} == by_silence
    assert summary.said + sum(count.count for count in summary.silences) == summary.decisions
    assert {"packet_exact", "deterministic"} <= set(by_route)
    assert {"no_lesson", "claimed_elsewhere"} <= set(by_silence)


@pytest.mark.parametrize("size", [1, 2, 7, 100, 401])
async def test_percentiles_are_the_nearest_ranks(world: World, size: int) -> None:
    picker = random.Random(size)
    latencies = [int(picker.lognormvariate(7, 1.5)) for _ in range(size)]
    await world.record(*(decided(hook_latency_us=latency) for latency in latencies))
    ordered = sorted(latencies)
    expected = [ordered[math.ceil(share * size / 100) - 1] for share in (50, 90, 95, 99)]
    summary = await summarized(world)
    assert [summary.p50_us, summary.p90_us, summary.p95_us, summary.p99_us] == expected


async def test_a_summary_of_nothing_is_empty(world: World) -> None:
    assert await summarized(world) == SummarizeResponse()


async def test_a_summary_can_be_of_a_span_a_project_or_a_session(world: World) -> None:
    await world.record(
        decided(observed_at=MIDDAY - timedelta(days=2), hook_latency_us=1),
        decided(observed_at=MIDDAY, hook_latency_us=2),
        decided(observed_at=MIDDAY, project=OTHER_PROJECT, hook_latency_us=3),
        decided(observed_at=MIDDAY, session="other", hook_latency_us=4),
    )
    since = Timestamp()
    since.FromDatetime(MIDDAY)
    assert (await summarized(world)).decisions == 4
    assert (await summarized(world, SummarizeRequest(since=since))).decisions == 3
    assert (await summarized(world, SummarizeRequest(project_id=OTHER_PROJECT))).p50_us == 3
    assert (await summarized(world, SummarizeRequest(session_id="other"))).p99_us == 4
    with calling(), pytest.raises(AioRpcError) as refused:
        await world.stub.Summarize(SummarizeRequest(since=Timestamp(seconds=10**12)))
    assert refused.value.code() == StatusCode.INVALID_ARGUMENT


async def test_a_route_of_a_newer_router_is_counted_by_its_number(world: World) -> None:
    event = decided()
    event.decision.route = 99  # pyright: ignore[reportAttributeAccessIssue]
    await world.record(event)
    summary = await summarized(world)
    assert [(count.name, count.count) for count in summary.routes] == [("99", 1)]


async def test_a_workspace_sees_and_erases_only_its_own(world: World) -> None:
    await world.record(decided("1"), decided("1", workspace="acme"), decided("2", workspace="acme"))
    assert await world.rows() == 3
    assert ids(await world.listed()) == ["1"]
    assert ids(await world.listed(workspace="acme")) == ["2", "1"]
    assert not await world.listed(workspace="stranger")
    assert (await summarized(world, workspace="acme")).decisions == 2
    assert (await summarized(world, workspace="stranger")).decisions == 0
    with calling("acme"):
        assert (await world.stub.Forget(ForgetRequest(session_id="session"))).erased == 2
    assert ids(await world.listed()) == ["1"]
    assert not await world.listed(workspace="acme")


async def test_forget_erases_a_session_or_a_project_and_nothing_else(world: World) -> None:
    yesterday = MIDDAY - timedelta(days=1)
    await world.record(
        decided("1"),
        decided("2", session="gone"),
        decided("3", session="gone", observed_at=yesterday),
        decided("4", project=OTHER_PROJECT),
    )
    with calling():
        assert (await world.stub.Forget(ForgetRequest(session_id="gone"))).erased == 2
        assert (await world.stub.Forget(ForgetRequest(session_id="gone"))).erased == 0
        assert set(ids(await world.listed())) == {"1", "4"}
        assert (await world.stub.Forget(ForgetRequest(project_id=OTHER_PROJECT))).erased == 1
        for nothing in (ForgetRequest(), ForgetRequest(session_id="")):
            with pytest.raises(AioRpcError) as refused:
                await world.stub.Forget(nothing)
            assert refused.value.code() == StatusCode.INVALID_ARGUMENT
    assert ids(await world.listed()) == ["1"]


async def summarized(
    world: World, request: SummarizeRequest | None = None, workspace: str = "local"
) -> SummarizeResponse:
    with calling(workspace):
        return await world.stub.Summarize(request or SummarizeRequest())
