"""Clients of the last release against the services of today: every rpc that they know, and events that they write."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Generator
from typing import Any

import grpc
import grpc.aio
import httpx
import pytest
from google.protobuf.descriptor import MethodDescriptor

from chassis.bus import Bus
from chassis.events import event_type, headers
from chassis.identifiers import digest, new_ulid
from chassis.timestamps import to_datetime
from spark.moment.v1 import moment_pb2
from spark.router.v1 import router_pb2
from tests.contract.contract_files import MESSAGES, descriptor_of, full_name
from tests.contract.released_contract import METHODS, as_released, message, path_of, released_fields
from tests.contract.valid_messages import MOMENT, PACKET, valid
from tests.integration.chassis.waiting import eventually
from tests.integration.system.coding_agent import Agent, failing, sequence_of, unknown_flag, working
from tests.integration.system.running_spark import ROOMY, Spark
from tests.integration.upgrade.released_client import ReleasedClient

FOLDER = "/srv/released"
TODAY = {full_name(kind): kind for kind in MESSAGES}
OBSERVED, DECIDED = event_type(moment_pb2.MomentObserved), event_type(router_pb2.AdviceDecided)
HOOKS, MEMORY = "/spark.gateway.v1.HooksService", "/spark.memory.v1.MemoryService"
PACKETS, TELEMETRY = "/spark.packets.v1.PacketsService", "/spark.telemetry.v1.TelemetryService"
MEANT = frozenset({grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION})
"""What a service may say of things that are not there, to a request that it understood."""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Generator[Spark]:
    spark = Spark.up(tmp_path_factory.mktemp("released") / "home", environment=ROOMY)
    yield spark
    assert spark.stop() == 0
    assert "Traceback" not in spark.said


@pytest.fixture
async def client(system: Spark) -> AsyncGenerator[ReleasedClient]:
    async with system.grpc() as channel:
        yield ReleasedClient(channel, system.metadata)


def request_of(method: MethodDescriptor) -> Any:
    """A request that keeps the rules of today, without a field that the release did not know."""
    return as_released(valid(TODAY[method.input_type.full_name]))


def hook(agent: Agent, payload: dict[str, Any]) -> Any:
    kind = message("spark.gateway.v1.HandleHookRequest")
    return kind(client="claude-code", payload=json.dumps(payload).encode())


def test_the_release_knows_less_than_today() -> None:
    """Else nothing here would show anything: then the image of the release before it is to be kept for this file."""
    then = {name: {field.name for field in fields} for name, fields in released_fields().items()}
    now = {name: {field.name for field in descriptor_of(TODAY[name]).fields} for name in then}
    assert [name for name in then if then[name] - now[name]] == []
    assert [name for name in then if now[name] - then[name]]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.full_name)
async def test_every_rpc_of_the_release_is_understood(client: ReleasedClient, method: MethodDescriptor) -> None:
    path, refused = path_of(method), None
    try:
        if method.server_streaming:
            async for _ in client.watch(path, request_of(method), timeout=1):
                break
        else:
            answer = await client.call(path, request_of(method))
            assert answer.DESCRIPTOR.full_name == method.output_type.full_name
    except grpc.aio.AioRpcError as error:
        refused = error.code(), error.details()
    # On a stream of what happens nothing comes until the caller gives up.
    quiet = method.server_streaming and refused and refused[0] is grpc.StatusCode.DEADLINE_EXCEEDED
    assert refused is None or quiet or refused[0] in MEANT, refused


async def test_a_client_of_the_release_is_served_from_the_hook_to_the_erasure(client: ReleasedClient) -> None:
    def named(service: str, kind: str, **fields: Any) -> Any:
        package = service.strip("/").rpartition(".")[0]
        return message(f"{package}.{kind}")(**fields)

    # What it sends goes over gRPC.
    async with httpx.AsyncClient() as unused:
        first, second = Agent(unused, FOLDER), Agent(unused, FOLDER)
    project = await client.call(f"{HOOKS}/ResolveProject", named(HOOKS, "ResolveProjectRequest", folder=FOLDER))
    watching = asyncio.create_task(seen(client, project.project_id))

    failed = first.call("PostToolUseFailure", failing("old"), error=unknown_flag("old"), is_interrupt=False)
    await client.call(f"{HOOKS}/HandleHook", hook(first, failed))
    worked = first.call("PostToolUse", working("old"), tool_response={"stdout": "done"})
    learnt = await client.call(f"{HOOKS}/HandleHook", hook(first, worked))
    settled = await client.call(f"{HOOKS}/Settle", named(HOOKS, "SettleRequest", sequence=learnt.sequence))
    assert settled.learnt >= learnt.sequence
    waited = await client.call(f"{MEMORY}/AwaitLearnt", named(MEMORY, "AwaitLearntRequest", sequence=learnt.sequence))
    assert waited.learnt >= learnt.sequence
    await client.call(
        f"{PACKETS}/AwaitMaterialised", named(PACKETS, "AwaitMaterialisedRequest", sequence=waited.announced)
    )
    lessons = await client.call(
        f"{MEMORY}/ListLessons", named(MEMORY, "ListLessonsRequest", project_id=project.project_id)
    )
    assert [lesson.fix.worked for lesson in lessons.lessons if lesson.HasField("fix")] == [working("old")]
    status = await client.call(
        f"{PACKETS}/GetStatus", named(PACKETS, "GetStatusRequest", project_id=project.project_id)
    )
    assert status.total == status.fresh > 0

    failed = second.call("PostToolUseFailure", failing("old"), error=unknown_flag("old"), is_interrupt=False)
    told = await client.call(f"{HOOKS}/HandleHook", hook(second, failed))
    assert working("old").encode() in told.reply
    assert [piece.text for piece in told.decision.said if working("old") in piece.text]
    decided = await asyncio.wait_for(watching, 10)
    assert decided.decision.envelope.project_id == project.project_id
    listing = named(TELEMETRY, "ListDecisionsRequest", session_id=second.session, only_said=True)
    listed = await client.call(f"{TELEMETRY}/ListDecisions", listing)
    assert [one.decision.decision_id for one in listed.decisions] == [told.decision.decision_id]
    summary = await client.call(
        f"{TELEMETRY}/Summarize", named(TELEMETRY, "SummarizeRequest", session_id=second.session)
    )
    assert (summary.decisions, summary.said) == (1, 1)

    for service in (HOOKS, MEMORY, PACKETS, TELEMETRY):
        await client.call(f"{service}/Forget", named(service, "ForgetRequest", project_id=project.project_id))
    lessons = await client.call(
        f"{MEMORY}/ListLessons", named(MEMORY, "ListLessonsRequest", project_id=project.project_id)
    )
    assert (len(lessons.lessons), lessons.total) == (0, 0)


async def seen(client: ReleasedClient, project_id: str) -> Any:
    """The first decision at which something was said that a watcher of the release hears of."""
    request = message("spark.telemetry.v1.WatchDecisionsRequest")(project_id=project_id)
    async for item in client.watch(f"{TELEMETRY}/WatchDecisions", request, timeout=30):
        if item.decision.decision.said:
            return item
    raise AssertionError("the stream ended")


async def test_a_packet_that_the_release_puts_is_found_claimed_and_taken_out_of_use(client: ReleasedClient) -> None:
    moment = as_released(MOMENT)
    moment.envelope.session_id = new_ulid()
    packet = as_released(PACKET)
    packet.packet_id = digest("released", new_ulid())
    packet.fresh_until.seconds = 4_000_000_000
    packet.lesson.tool, packet.lesson.target = moment.call.tool, moment.call.target
    packet.lesson.failure_class = moment.outcome.failure_class

    def named(kind: str, **fields: Any) -> Any:
        return message(f"spark.packets.v1.{kind}")(**fields)

    put = await client.call(f"{PACKETS}/PutPacket", named("PutPacketRequest", packet=packet))
    assert put.stored
    found = await client.call(f"{PACKETS}/Lookup", named("LookupRequest", moment=moment))
    assert [one.packet.text for one in found.candidates] == [packet.text]
    claim = named("ClaimRequest", moment=moment, version=found.gate.version, packet_ids=[packet.packet_id])
    assert (await client.call(f"{PACKETS}/Claim", claim)).granted
    wrong = named("InvalidatePacketRequest", packet_id=packet.packet_id, reason="wrong")
    await client.call(f"{PACKETS}/InvalidatePacket", wrong)
    found = await client.call(f"{PACKETS}/Lookup", named("LookupRequest", moment=moment))
    assert list(found.candidates) == []


KINDS = {
    moment_pb2.MOMENT_KIND_CALL_FAILED: "call_failed",
    moment_pb2.MOMENT_KIND_CALL_SUCCEEDED: "call_succeeded",
}
"""How the release named them in subjects."""


async def as_the_release_wrote_it(bus: Bus, sequence: int) -> Any:
    """A moment on the bus, without what the release did not know."""
    raw = await bus.jetstream.get_msg(OBSERVED.stream, sequence)
    assert raw.data is not None
    return as_released(moment_pb2.MomentObserved.FromString(raw.data))


async def test_moments_that_the_release_wrote_are_learnt(system: Spark, client: ReleasedClient) -> None:
    bus = await Bus.connect(system.run.nats_url)
    project, session = "5e" * 8, new_ulid()
    async with system.http() as http:
        agent = Agent(http, FOLDER)
        replies = [await agent.fails(failing("event"), unknown_flag("event")), await agent.works(working("event"))]
    last = 0
    for reply in replies:
        old = await as_the_release_wrote_it(bus, sequence_of(reply))
        assert old.moment.call.tool == "Bash"
        envelope = old.moment.envelope
        envelope.event_id, envelope.session_id, envelope.project_id = digest("old", envelope.event_id), session, project
        subject = OBSERVED.subject_for("local", project, session, KINDS[old.moment.kind])
        carried = headers(OBSERVED, envelope.event_id, to_datetime(envelope.occurred_at), "")
        last = (await bus.publish(OBSERVED.stream, subject, old.SerializeToString(), carried, 5.0)).sequence
    await bus.close()
    await system.settle(last)
    lessons = await client.call(
        f"{MEMORY}/ListLessons", message("spark.memory.v1.ListLessonsRequest")(project_id=project)
    )
    assert [lesson.fix.worked for lesson in lessons.lessons if lesson.HasField("fix")] == [working("event")]


async def test_decisions_that_the_release_wrote_are_recorded(system: Spark, client: ReleasedClient) -> None:
    old = as_released(valid(router_pb2.AdviceDecided))
    session, decision = new_ulid(), new_ulid()
    old.envelope.session_id, old.decision.decision_id = session, decision
    bus = await Bus.connect(system.run.nats_url)
    subject = DECIDED.subject_for("local", old.envelope.project_id, session)
    carried = headers(DECIDED, decision, to_datetime(old.envelope.occurred_at), "")
    await bus.publish(DECIDED.stream, subject, old.SerializeToString(), carried, 5.0)
    await bus.close()
    listing = message("spark.telemetry.v1.ListDecisionsRequest")(session_id=session)

    async def recorded() -> bool:
        listed = await client.call(f"{TELEMETRY}/ListDecisions", listing)
        return [one.decision.decision_id for one in listed.decisions] == [decision]

    await eventually(recorded)
