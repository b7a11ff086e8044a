"""To which process a durable consumer delivers: to one at a time, for events must be handled in their order, and to
another one as soon as that is gone."""

# nats-py leaves futures of its calls untyped.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import nats.errors
import nats.js.errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.api import AckPolicy, ConsumerConfig, ConsumerInfo, DeliverPolicy

from chassis.bus import TROUBLE, Bus, unavailable
from chassis.identifiers import new_ulid
from chassis.repeating import Repeating

log = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0
"""So often a process looks whether the one that is delivered to is gone."""
MADE_ANEW_S = 0.5
"""For so long there may be no consumer while another process makes it anew."""
ANSWER_S = 1.0
"""Patience with the process that is delivered to, when it is asked whether it is there."""
SILENT_LOOKS = 3
"""So many looks in a row it may leave without an answer."""


@dataclass(frozen=True)
class Wanted:
    """A durable consumer as its processes want it. `ack_wait_s` is after how long what was not stored comes again."""

    stream: str
    name: str
    subjects: Sequence[str]
    in_flight: int
    ack_wait_s: float


class Binding:
    """Takes deliveries while no other process does. Each process has a subject of its own to be delivered to, and the
    server refuses to change it while somebody listens at it: so it decides, and no clock. But anybody may listen: to
    all that passes (`nats sub '>'`), or out of a process that was stopped or cut off. So those that wait ask the one
    that is delivered to, and follow it too when it does not answer.

    `stored` tells up to which place the handler's own store holds all; `begins` is told up to which place all is stored
    when deliveries begin.
    """

    def __init__(
        self,
        bus: Bus,
        wanted: Wanted,
        arrive: Callable[[Msg], Awaitable[None]],
        begins: Callable[[int], None],
        stored: Callable[[], Awaitable[int]] | None,
    ) -> None:
        self._bus = bus
        self._wanted = wanted
        self._arrive = arrive
        self._begins = begins
        self._stored = stored
        self._subject = f"_SPARK.deliver.{wanted.name}.{new_ulid()}"
        self._subscriptions: list[Subscription] = []
        self._silent: tuple[str, int] = ("", 0)
        """The place that is delivered to, and how often nobody there has answered."""
        self._watch = Repeating(f"binding of {wanted.name}", LOOK_EVERY_S, self._look)

    async def start(self) -> None:
        """Takes deliveries, or waits for them while another process has them.

        Raises:
            StoreUnavailable: when it cannot be told what is stored.
            BusUnavailable: when NATS does not answer.
        """
        for subject, heard in ((self._subject, self._arrive), (asked_at(self._subject), answer)):
            self._subscriptions.append(await self._bus.client.subscribe(subject, cb=heard))
        try:
            await self._take(await self._known())
        except TROUBLE as error:
            raise unavailable(error) from error
        await self._watch.start()

    async def stop(self) -> None:
        """Takes no more; another process may."""
        await self._watch.stop()
        with contextlib.suppress(OSError, nats.errors.Error):
            for each in self._subscriptions:
                await each.unsubscribe()

    async def _look(self) -> None:
        try:
            known = await self._known()
            if known is None:
                await asyncio.sleep(MADE_ANEW_S)
                known = await self._known()
            await self._take(known, asking=True)
        except TROUBLE as error:
            raise unavailable(error) from error

    async def _take(self, known: ConsumerInfo | None, *, asking: bool = False) -> None:
        if known is None:
            # Of what was acknowledged nothing is known any more: all comes again, to handlers that bear it.
            if await self._deliver_from(DeliverPolicy.ALL, None):
                self._begins(0)
        elif known.config.deliver_subject != self._subject:
            if not known.push_bound:
                await self._succeed(known)
            elif asking and not await self._answered(known.config):
                await self._succeed(known, anew=True)

    async def _answered(self, config: ConsumerConfig) -> bool:
        """Whether the process that is delivered to is there, as far as can be told. Versions that shared their
        deliveries do not answer, and are believed to be."""
        place = config.deliver_subject or ""
        if config.deliver_group:
            return True
        times = self._silent[1] + 1 if self._silent[0] == place else 1
        try:
            await self._bus.client.request(asked_at(place), timeout=ANSWER_S)
        except (nats.errors.TimeoutError, nats.errors.NoRespondersError):
            self._silent = place, times
            return times < SILENT_LOOKS
        self._silent = place, 0
        return True

    async def _succeed(self, known: ConsumerInfo, *, anew: bool = False) -> None:
        """Follows the process that was delivered to. What that was given and did not store would come again out of
        order, and only after a while: then the consumer is made anew from the first event that is not stored."""
        acknowledged = 0 if known.ack_floor is None else known.ack_floor.stream_seq
        done = acknowledged if self._stored is None else min(acknowledged, await self._stored())
        anew = anew or bool(known.num_ack_pending or done < acknowledged or known.config.deliver_group)
        if anew:
            await self._bus.jetstream.delete_consumer(self._wanted.stream, self._wanted.name)
            policy, first = DeliverPolicy.BY_START_SEQUENCE, done + 1
        else:
            # Where a consumer begins cannot be changed later.
            policy, first = known.config.deliver_policy or DeliverPolicy.ALL, known.config.opt_start_seq
        try:
            taken = await self._deliver_from(policy, first)
        except nats.js.errors.BadRequestError:
            if anew:
                raise
            # Who listens to all that passes is no process that is delivered to, and yet keeps its subject.
            await self._succeed(known, anew=True)
        else:
            if taken:
                self._begins(done)

    async def _deliver_from(self, policy: DeliverPolicy, first: int | None) -> bool:
        config = ConsumerConfig(
            durable_name=self._wanted.name,
            deliver_subject=self._subject,
            deliver_policy=policy,
            opt_start_seq=first,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=self._wanted.ack_wait_s,
            max_ack_pending=self._wanted.in_flight,
            filter_subjects=list(self._wanted.subjects),
        )
        try:
            await self._bus.jetstream.add_consumer(self._wanted.stream, config)
        except nats.js.errors.BadRequestError:
            known = await self._known()
            if known is None or not known.push_bound:
                raise
            return False  # Another process was quicker.
        log.info("this process consumes", extra={"action": "consumer_bound", "consumer": self._wanted.name})
        return True

    async def _known(self) -> ConsumerInfo | None:
        with contextlib.suppress(nats.js.errors.NotFoundError):
            return await self._bus.jetstream.consumer_info(self._wanted.stream, self._wanted.name)
        return None


def asked_at(subject: str) -> str:
    """Where to ask whether the process that is delivered to at a subject is there."""
    return f"{subject}.there"


async def answer(asked: Msg) -> None:
    """Says that this process is there."""
    await asked.respond(b"")
