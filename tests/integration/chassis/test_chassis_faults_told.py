"""Faults on a real NATS: those of a second together, none lost while the bus is away, none about telling of them."""

# nats-py leaves **params of its calls untyped.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncGenerator, Sequence

import pytest
from protovalidate import Validator

from chassis.bus import Bus
from chassis.calls import CallContext
from chassis.consumer import Consumer, Delivery
from chassis.fault_reports import KINDS_AT_MOST
from chassis.faults import NotFound, StoreUnavailable
from chassis.interceptors import standard
from chassis.tracing import new_traceparent
from host.engines import Nats
from spark.fault.v1.seen_pb2 import FaultSeen
from spark.packets.v1 import packets_pb2
from tests.integration.chassis.waiting import eventually

TRACEPARENT = new_traceparent()
LOOKUP = "/spark.packets.v1.PacketsService/Lookup"

Told = tuple[str, str, str, int]
"""Workspace, component, reason, count."""


@pytest.fixture
async def reporting(bus: Bus) -> AsyncGenerator[Bus]:
    await bus.faults.start()
    yield bus
    await bus.faults.stop()


async def messages(bus: Bus) -> list[FaultSeen]:
    last = (await bus.jetstream.stream_info("FAULTS")).state.last_seq
    return [FaultSeen.FromString((await bus.jetstream.get_msg("FAULTS", at)).data or b"") for at in range(1, last + 1)]


async def told(bus: Bus) -> list[Told]:
    seen = await messages(bus)
    for each in seen:
        assert Validator().collect_violations(each) == []
    return [(each.workspace_id, each.component, each.reason, each.count) for each in seen]


async def test_a_storm_of_faults_is_one_message_of_each_kind(reporting: Bus) -> None:
    for number in range(3000):
        reporting.faults.note("hook", ("late", "failed")[number % 2], "local", TRACEPARENT if number == 5 else "")
    reporting.faults.note("hook", "late", "other")

    async def all_there() -> bool:
        return len(await told(reporting)) == 3

    await eventually(all_there)
    assert sorted(await told(reporting)) == [
        ("local", "hook", "failed", 1500),
        ("local", "hook", "late", 1500),
        ("other", "hook", "late", 1),
    ]
    failed = next(each for each in await messages(reporting) if each.reason == "failed")
    assert failed.traceparent == TRACEPARENT
    stored = await reporting.jetstream.get_msg("FAULTS", 1)
    assert stored.subject == "spark.fault.v1.seen.local"
    assert (stored.headers or {})["Nats-Msg-Id"]


async def test_what_is_seen_while_the_bus_is_away_is_told_once_it_is_back(reporting: Bus, nats: Nats) -> None:
    os.kill(nats.pid, signal.SIGKILL)
    await eventually(lambda: not reporting.connected)
    for number in range(2 * KINDS_AT_MOST):
        for _ in range(3):
            reporting.faults.note(f"component{number}", "late")
    await nats.restart()

    async def all_there() -> bool:
        return (await reporting.jetstream.stream_info("FAULTS")).state.messages == KINDS_AT_MOST

    await eventually(all_there)
    assert sum(count for *_, count in await told(reporting)) == 6 * KINDS_AT_MOST


async def test_a_stop_tells_what_is_left_and_waits_for_no_bus_that_hangs(bus: Bus, nats: Nats) -> None:
    await bus.faults.start()
    bus.faults.note("hook", "late")
    await bus.faults.stop()
    assert await told(bus) == [("local", "hook", "late", 1)]
    bus.faults.note("hook", "late")
    os.kill(nats.pid, signal.SIGSTOP)
    began = time.monotonic()
    try:
        await bus.faults.stop()
    finally:
        os.kill(nats.pid, signal.SIGCONT)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("stream", "subject", "expected"),
    [
        ("MOMENTS", "spark.moment.v1.observed.x", [("dead", 1), ("retried", 2)]),
        # It would tell of what it cannot handle, and could not handle that either.
        ("FAULTS", "spark.fault.v1.seen.local", []),
    ],
)
async def test_a_consumer_tells_what_it_tries_again_and_what_it_sets_aside(
    bus: Bus, stream: str, subject: str, expected: list[tuple[str, int]]
) -> None:
    refusals = [StoreUnavailable("away"), StoreUnavailable("away")]

    async def handle(deliveries: Sequence[Delivery]) -> None:
        raise refusals.pop() if refusals else ValueError("poison")

    ack = await bus.publish(stream, subject, FaultSeen().SerializeToString(), {}, 5)
    consumer = Consumer(bus, name="tester", stream=stream, subjects=[f"{subject}.>", subject], handler=handle)
    await consumer.start()
    await consumer.reached(ack.sequence, 10)
    await consumer.stop()
    await bus.faults.stop()
    seen = [each for each in await messages(bus) if each.component]
    assert {each.component for each in seen} <= {"consumer:tester"}
    assert sorted((each.reason, each.count) for each in seen) == expected


async def test_an_rpc_tells_what_went_wrong_here_and_not_what_its_caller_did(bus: Bus) -> None:
    around = standard(bus.faults)[0]
    call = CallContext(LOOKUP, "local", TRACEPARENT)
    errors = (NotFound("?"), asyncio.CancelledError(), StoreUnavailable("away"), KeyError("?"), TimeoutError())
    for error in errors:
        with contextlib.suppress(type(error)), around(call, packets_pb2.LookupRequest()):
            raise error
    await bus.faults.stop()
    assert sorted(await told(bus)) == [
        ("local", LOOKUP, "deadline_exceeded", 1),
        ("local", LOOKUP, "internal", 1),
        ("local", LOOKUP, "store_unavailable", 1),
    ]
