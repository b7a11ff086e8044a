"""Sessions, timelines, single decisions and pages; what is exported, erased, and folded into hours when it goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from grpc import StatusCode
from grpc.aio import AioRpcError

from chassis.database import Database
from services.telemetry.retention import Retention
from spark.moment.v1 import moment_pb2
from spark.packets.v1 import advice_pb2
from spark.router.v1 import router_pb2
from spark.telemetry.v1.sessions_pb2 import ListMomentsRequest, ListSessionsRequest
from spark.telemetry.v1.telemetry_pb2 import (
    AwaitRecordedRequest,
    ExportRequest,
    ForgetRequest,
    GetDecisionRequest,
    ListDecisionsRequest,
)
from spark.telemetry.v1.windows_pb2 import SummarizeRequest, SummarizeResponse
from tests.integration.telemetry.happenings import TRACE, ended, judged, observed, seen
from tests.integration.telemetry.test_telemetry_retention import SetClock
from tests.integration.telemetry.world import World, calling, decided, ids

NOW = datetime.now(UTC)
ID = "01K9ZQ4M2X000000000000000"
PROMPT, FAILED = moment_pb2.MOMENT_KIND_PROMPT_SUBMITTED, moment_pb2.MOMENT_KIND_CALL_FAILED
ENDED = moment_pb2.MOMENT_KIND_SESSION_ENDED


async def summary(world: World) -> SummarizeResponse:
    with calling():
        return await world.stub.Summarize(SummarizeRequest(since=Timestamp(seconds=1)))


async def test_a_timeline_tells_what_happened_in_order_and_in_pages(world: World) -> None:
    begun = NOW - timedelta(minutes=10)
    await world.announce(
        observed("3", FAILED, at=begun + timedelta(seconds=2)),
        observed("1", PROMPT, at=begun, target="make the tests pass" * 100),
        observed("2", at=begun + timedelta(seconds=1)),
        observed("4", ENDED, at=begun + timedelta(seconds=3)),
        observed("5", session="other"),
        observed("6", session="session", workspace="acme"),
    )
    with calling():
        page = await world.stub.ListMoments(ListMomentsRequest(session_id="session", page_size=3))
        rest = await world.stub.ListMoments(
            ListMomentsRequest(session_id="session", page_size=3, page_token=page.next_page_token)
        )
        with pytest.raises(AioRpcError) as refused:
            await world.stub.ListMoments(ListMomentsRequest(session_id="never"))
    assert [moment.kind for moment in (*page.moments, *rest.moments)] == [
        PROMPT,
        moment_pb2.MOMENT_KIND_CALL_SUCCEEDED,
        FAILED,
        ENDED,
    ]
    assert (len(page.moments), rest.next_page_token) == (3, "")
    assert page.moments[0].about == ("make the tests pass" * 100)[:300]
    failure = page.moments[2]
    assert (failure.tool, failure.about, failure.failure_class) == ("Bash", "make test", "shell.exit")
    assert (failure.signature, failure.duration_ms, failure.trace_id) == ("exit 1", 40, TRACE)
    session = page.session
    assert (session.moments, session.calls, session.failures, session.ended) == (4, 2, 1, True)
    assert refused.value.code() == StatusCode.NOT_FOUND


async def test_sessions_are_listed_by_when_they_were_seen_last(world: World) -> None:
    for number in range(5):
        await world.announce(observed(f"m{number}", session=f"s{number}", at=NOW - timedelta(minutes=number)))
    await world.record(decided(session="s3", text="said", observed_at=NOW), decided(session="s3", observed_at=NOW))
    with calling():
        page = await world.stub.ListSessions(ListSessionsRequest(page_size=3))
        rest = await world.stub.ListSessions(ListSessionsRequest(page_size=3, page_token=page.next_page_token))
        with pytest.raises(AioRpcError) as refused:
            await world.stub.ListSessions(ListSessionsRequest(page_token="guess"))
    assert [session.session_id for session in (*page.sessions, *rest.sessions)] == ["s3", "s0", "s1", "s2", "s4"]
    assert (page.sessions[0].decisions, page.sessions[0].said, page.sessions[0].moments) == (2, 1, 1)
    assert refused.value.code() == StatusCode.INVALID_ARGUMENT


async def test_the_first_call_is_the_earliest_however_late_it_is_heard_of(world: World) -> None:
    hit = decided(session="s", observed_at=NOW - timedelta(seconds=5), route=router_pb2.ROUTE_PACKET_RELAXED)
    hit.decision.held.add(text="held")
    await world.record(decided(session="s", observed_at=NOW))
    told = await summary(world)
    assert (told.first_calls, told.first_calls_packets) == (1, 0)
    await world.record(hit)
    told = await summary(world)
    assert (told.first_calls, told.first_calls_packets) == (1, 1)


async def test_a_decision_is_found_by_the_beginning_of_its_id_with_what_became_of_it(world: World) -> None:
    event = decided(f"{ID}A", text="said")
    event.decision.said.add(text="said", advice_id=f"{ID}A-0")
    await world.record(event, decided(f"{ID}B"))
    await world.announce(judged(f"{ID}A-0", advice_pb2.ADVICE_STATE_FOLLOWED_WORKED, given_at=NOW))
    with calling():
        found = await world.stub.GetDecision(GetDecisionRequest(decision_id=f"{ID}A"))
        for ambiguous in (ID, "01K9ZQ4M2XZZ"):
            with pytest.raises(AioRpcError) as refused:
                await world.stub.GetDecision(GetDecisionRequest(decision_id=ambiguous))
            assert refused.value.code() == StatusCode.NOT_FOUND
    with calling("acme"), pytest.raises(AioRpcError):
        await world.stub.GetDecision(GetDecisionRequest(decision_id=f"{ID}A"))
    assert found.decision == event
    assert [piece.state for piece in found.outcomes] == [advice_pb2.ADVICE_STATE_FOLLOWED_WORKED]


async def test_pages_of_decisions_go_on_where_the_last_one_ended(world: World) -> None:
    await world.record(*(decided(f"{at:026}", observed_at=NOW - timedelta(seconds=at // 3)) for at in range(20)))
    listed: list[str] = []
    token = ""
    with calling():
        while True:
            page = await world.stub.ListDecisions(ListDecisionsRequest(page_size=7, page_token=token))
            listed += ids(page.decisions)
            token = page.next_page_token
            if not token:
                break
    assert listed == [ids([event])[0] for event in await world.listed()]
    assert len(set(listed)) == 20


async def test_a_list_can_be_of_a_route_or_of_a_reason(world: World) -> None:
    held = decided("3", silence=router_pb2.SILENCE_COOLDOWN)
    held.decision.held.add(text="held")
    await world.record(decided("1", route=router_pb2.ROUTE_LIVE, text="said"), decided("2"), held)
    assert ids(await world.listed(ListDecisionsRequest(route=router_pb2.ROUTE_LIVE))) == ["1"]
    assert ids(await world.listed(ListDecisionsRequest(silence=router_pb2.SILENCE_COOLDOWN))) == ["3"]
    assert set(ids(await world.listed(ListDecisionsRequest(only_found=True)))) == {"1", "3"}


async def everything(world: World) -> None:
    """One of all that telemetry keeps, of two sessions."""
    for session in ("stays", "gone"):
        await world.record(decided(session=session, observed_at=NOW))
        await world.announce(
            observed(f"m-{session}", session=session, at=NOW),
            judged(f"advice-{session}", session=session, given_at=NOW),
        )
    await world.announce(ended("call", at=NOW), seen("bus", "lost", at=NOW))


async def exported(world: World, request: ExportRequest) -> list[str]:
    with calling():
        return [str(record.WhichOneof("record")) async for record in world.stub.Export(request)]


async def test_an_export_holds_all_there_is_or_all_of_a_part(world: World) -> None:
    await everything(world)
    whole = ["session"] * 2 + ["moment"] * 2 + ["decision"] * 2 + ["advice"] * 2 + ["generation", "fault"]
    assert await exported(world, ExportRequest()) == whole
    assert await exported(world, ExportRequest(session_id="gone")) == ["session", "moment", "decision", "advice"]
    assert await exported(world, ExportRequest(session_id="never")) == []


async def test_what_is_erased_is_counted_no_more(world: World) -> None:
    await everything(world)
    with calling():
        assert (await world.stub.Forget(ForgetRequest(session_id="gone"))).erased == 1
    told = await summary(world)
    assert (told.decisions, told.sessions, sum(each.count for each in told.moments)) == (1, 1, 1)
    assert sum(each.count for each in told.outcomes) == 1
    assert await exported(world, ExportRequest(session_id="gone")) == []
    with calling():
        await world.stub.Forget(ForgetRequest(whole_workspace=True))
    assert await summary(world) == SummarizeResponse()
    assert await exported(world, ExportRequest()) == []


async def test_days_that_go_leave_their_hours(world: World, database_url: str) -> None:
    await everything(world)
    before = await summary(world)
    database = Database(database_url, role="spark_telemetry")
    try:
        dropped = await Retention(database, SetClock(NOW + timedelta(days=20))).sweep()
        after = await summary(world)
        await Retention(database, SetClock(NOW + timedelta(days=402))).sweep()
    finally:
        await database.close()
    assert {name.rpartition("_")[0] for name in dropped} == {"decision", "moment", "advice", "generation", "fault"}
    assert after.decisions == before.decisions
    assert (list(after.outcomes), list(after.generations), list(after.faults), list(after.moments)) == (
        list(before.outcomes),
        list(before.generations),
        list(before.faults),
        list(before.moments),
    )
    assert await summary(world) == SummarizeResponse()


async def test_what_comes_again_changes_nothing(world: World) -> None:
    at = NOW - timedelta(minutes=1)
    events = (
        observed("m", at=at),
        judged("advice-1", given_at=at),
        ended("call", at=at),
        seen("bus", "lost", at=at),
        decided(ID + "A", observed_at=at),
    )
    await world.announce(*events)
    before = await summary(world)
    # With something new among it, as a batch comes again after a crash.
    await world.announce(*events, decided(ID + "B", observed_at=at), observed("n", at=at))
    after = await summary(world)
    assert (after.decisions, sum(each.count for each in after.moments)) == (2, 2)
    assert (list(after.outcomes), list(after.faults)) == (list(before.outcomes), list(before.faults))
    assert list(after.generations) == list(before.generations)
    assert await world.dead() == 0


async def test_one_can_wait_until_all_is_recorded(world: World) -> None:
    await world.publish(*(decided() for _ in range(50)))
    with calling():
        await world.stub.AwaitRecorded(AwaitRecordedRequest())
    assert await world.rows() == 50
