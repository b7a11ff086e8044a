"""Numbers as events, and a store that keeps them, refuses them, or waits."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from chassis.bus import Bus
from chassis.consumer import GATHER_S, Consumer, Delivery, Handler

SUBJECT = "spark.moment.v1.observed"
NAME = "tester"


async def publish(bus: Bus, first: int, last: int) -> int:
    """Publishes the numbers from `first` to `last`; returns the place of the last one."""
    place = 0
    for number in range(first, last + 1):
        ack = await bus.publish("MOMENTS", f"{SUBJECT}.p{number % 3}", b"%d" % number, {"Nats-Msg-Id": str(number)}, 5)
        place = ack.sequence
    return place


class Store:
    """Keeps whole batches, or refuses them."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.refusals: list[Exception] = []
        """Raised one by one before anything is kept."""
        self.poison: set[int] = set()
        """Numbers that cannot be kept, ever."""
        self.open = asyncio.Event()
        self.open.set()
        self.asked = 0

    @property
    def kept(self) -> list[int]:
        return [number for batch in self.batches for number in batch]

    async def __call__(self, deliveries: Sequence[Delivery]) -> None:
        self.asked += 1
        await self.open.wait()
        if self.refusals:
            raise self.refusals.pop()
        numbers = [int(delivery.data) for delivery in deliveries]
        if self.poison & set(numbers):
            raise ValueError("it cannot be kept")
        self.batches.append(numbers)


def consumer_of(bus: Bus, handler: Handler, gather_s: float = GATHER_S) -> Consumer:
    subjects = [f"{SUBJECT}.>"]
    return Consumer(bus, name=NAME, stream="MOMENTS", subjects=subjects, handler=handler, gather_s=gather_s)
