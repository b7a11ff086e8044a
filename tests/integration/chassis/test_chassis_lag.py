"""How far a consumer is behind, by the count of a real NATS."""

# nats-py leaves **params of its calls untyped.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from prometheus_client import REGISTRY

from chassis.bus import Bus
from chassis.consumer import BATCH, IN_FLIGHT, Consumer, Delivery
from chassis.lag import look_at
from tests.integration.chassis.waiting import eventually

SUBJECT = "spark.moment.v1.observed"


def lag() -> float | None:
    return REGISTRY.get_sample_value("spark_consumer_lag", {"consumer": "slow"})


async def test_what_is_not_stored_is_counted_and_what_cannot_be_told_is_absent(bus: Bus) -> None:
    gate = asyncio.Event()

    async def store(deliveries: Sequence[Delivery]) -> None:
        await gate.wait()

    consumer = Consumer(bus, name="slow", stream="MOMENTS", subjects=[f"{SUBJECT}.>"], handler=store, gather_s=0)
    await consumer.start()
    # More than may be in flight: what the server has not even sent counts too.
    published = IN_FLIGHT + BATCH
    for number in range(published):
        await bus.publish("MOMENTS", f"{SUBJECT}.p", b"", {"Nats-Msg-Id": str(number)}, 5)
    await look_at([consumer])
    assert lag() == published
    gate.set()

    async def caught_up() -> bool:
        await look_at([consumer])
        return lag() == 0

    await eventually(caught_up)
    await bus.client.close()
    await look_at([consumer])
    assert lag() is None
    await consumer.stop()
