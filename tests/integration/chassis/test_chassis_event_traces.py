"""What a consumer logs of one event carries that event's trace; of several together, none."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from chassis.bus import Bus
from chassis.consumer import Consumer, Delivery
from chassis.faults import StoreUnavailable
from chassis.logs import JsonLines
from tests.integration.chassis.waiting import eventually

SUBJECT = "spark.moment.v1.observed"
TRACES = [f"{number:032x}" for number in (0xA, 0xB)]


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    """The log of consumers, as the process writes it."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    log = logging.getLogger("chassis.consumer")
    level = log.level
    # A command that another test ran in this process may have silenced all warnings.
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    yield written
    log.removeHandler(handler)
    log.setLevel(level)


def lines(said: io.StringIO, action: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in said.getvalue().splitlines()]
    return [line for line in found if line.get("action") == action]


async def publish(bus: Bus, number: int, trace_id: str) -> None:
    carried = {"Nats-Msg-Id": str(number), "traceparent": f"00-{trace_id}-b7ad6b7169203331-01"}
    await bus.publish("MOMENTS", f"{SUBJECT}.p", b"%d" % number, carried, 5)


async def test_the_log_of_an_event_has_its_trace_and_of_several_none(bus: Bus, said: io.StringIO) -> None:
    away = True

    async def handle(deliveries: Sequence[Delivery]) -> None:
        if away:
            raise StoreUnavailable("Postgres: away")
        raise ValueError("poison")

    await publish(bus, 0, TRACES[0])
    await publish(bus, 1, TRACES[1])
    consumer = Consumer(bus, name="logging", stream="MOMENTS", subjects=[f"{SUBJECT}.>"], handler=handle)
    await consumer.start()
    await eventually(lambda: bool(lines(said, "consumer_waits")))
    away = False
    await asyncio.wait_for(consumer.reached(2, 10), 10)
    await consumer.stop()
    assert all("trace_id" not in line for line in lines(said, "consumer_waits"))
    assert [line["trace_id"] for line in lines(said, "dead_letter")] == TRACES


async def test_an_event_alone_has_its_trace_from_the_first_try(bus: Bus, said: io.StringIO) -> None:
    tries = 0

    async def handle(deliveries: Sequence[Delivery]) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise StoreUnavailable("Postgres: away")

    await publish(bus, 0, TRACES[0])
    consumer = Consumer(bus, name="alone", stream="MOMENTS", subjects=[f"{SUBJECT}.>"], handler=handle, gather_s=0)
    await consumer.start()
    await consumer.reached(1, 10)
    await consumer.stop()
    assert [line["trace_id"] for line in lines(said, "consumer_waits")] == [TRACES[0]]
