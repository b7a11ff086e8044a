"""Durable consumption: in order, in batches, each batch again until it is stored; poison goes to the dead letters."""

# nats-py leaves futures of its calls untyped.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import nats.errors
from nats.aio.msg import Msg
from prometheus_client import Counter, Gauge

from chassis.binding import Binding, Wanted
from chassis.bus import TROUBLE, Bus, unavailable
from chassis.fault_reports import SEEN
from chassis.faults import BusUnavailable, DeadlineExceeded, StoreUnavailable
from chassis.identifiers import digest
from chassis.spans import CONSUME, consumed
from chassis.tracing import exporting, trace_id

log = logging.getLogger(__name__)

CONSUMED = Counter("spark_events_consumed", "Events by consumer and result", ["consumer", "result"])
LAG = Gauge("spark_consumer_waiting", "Events delivered and not yet stored", ["consumer"])

BATCH = 200
ENOUGH = 16
"""Events for which a batch waits no longer: decoding more at a time would hold up the hooks of a busy hour."""
# More in flight than one batch keeps the next one ready while this one is stored.
IN_FLIGHT_BATCHES = 4
IN_FLIGHT = IN_FLIGHT_BATCHES * BATCH
ACK_WAIT_S = 30.0
HOLD_EVERY_S = ACK_WAIT_S / 3
STOP_S = 2.0
GATHER_S = 0.2
"""The first event of a batch waits so long for others, unless someone waits for it: what is done behind a hook is then
done while the agent thinks, and once for several, and takes no core from the next hook or the client (ADR 15)."""
AT_ONCE_S = 0.025
"""The same for events that others go on from. From one batch's beginning to the next one's it is so long at least, also
for events that press: those of many agents at once share their transactions."""
RETRY_S = (0.05, 0.1, 0.2, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event as it came."""

    data: bytes
    sequence: int
    subject: str


Handler = Callable[[Sequence[Delivery]], Awaitable[None]]
Stored = Callable[[], Awaitable[int]]


class Consumer:
    """Feeds a handler. The handler must be idempotent: after a crash a batch comes again.

    `stored` tells up to which place the handler's own store holds all. One that was lost or came back from a backup is
    behind what the bus has had acknowledged, and is given the rest again. `gather_s` is how long the first event of a
    batch waits for others, in seconds; `presses` tells by its subject which event does not wait. `batch` is how many
    events a handler is given at most.
    """

    def __init__(
        self,
        bus: Bus,
        *,
        name: str,
        stream: str,
        subjects: Sequence[str],
        handler: Handler,
        stored: Stored | None = None,
        gather_s: float = GATHER_S,
        presses: Callable[[str], bool] = lambda _: False,
        batch: int = BATCH,
    ) -> None:
        # There from the start: a series that begins at its first event shows no increase by that one.
        CONSUMED.labels(name, "dead")
        self._bus = bus
        self.name = name
        self._stream = stream
        self._handler = handler
        self._gather_s = gather_s
        self._presses = presses
        self._batch = batch
        self._arrived: deque[Msg] = deque()
        self._arrival = asyncio.Event()
        self._enough = asyncio.Event()
        self._awaited = 0
        self._stopping = False
        self._held_at = 0.0
        self._began_at = 0.0
        self._progress = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        wanted = Wanted(stream, name, subjects, IN_FLIGHT_BATCHES * batch, ACK_WAIT_S)
        self._binding = Binding(bus, wanted, self._arrive, self._begins, stored)
        self.done = 0
        """Stream sequence up to which everything delivered here is stored."""

    async def start(self) -> None:
        """Begins; events come to one process at a time, and to this one once no other has them.

        Raises:
            StoreUnavailable: when it cannot be told what is stored.
        """
        await self._binding.start()
        self._task = asyncio.create_task(self._run(), name=f"consumer {self.name}")

    async def stop(self) -> None:
        """Ends after the batch in hand, or after 2 s without it; what is not stored comes again."""
        self._stopping = True
        self._arrival.set()
        self._enough.set()
        await self._binding.stop()
        if self._task is not None:
            _, late = await asyncio.wait([self._task], timeout=STOP_S)
            for task in late:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        with contextlib.suppress(OSError, nats.errors.Error):
            for message in self._arrived:
                await message.nak()

    def _begins(self, done: int) -> None:
        self.done = done

    async def _arrive(self, message: Msg) -> None:
        self._arrived.append(message)
        self._arrival.set()
        if len(self._arrived) >= ENOUGH or self._presses(message.subject):
            self._enough.set()

    @property
    def arrived(self) -> int:
        """Events that are here and not yet in a batch."""
        return len(self._arrived)

    async def reached(self, sequence: int, patience: float) -> int:
        """Waits until everything up to a place in the stream is stored; returns how far it is.

        Raises:
            DeadlineExceeded: when patience ends first.
        """
        self._awaited += 1
        self._enough.set()
        try:
            async with asyncio.timeout(patience), self._progress:
                while self.done < sequence:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(0.2):
                            await self._progress.wait()
                    if self.done < sequence:
                        await self._catch_up()
        except TimeoutError:
            raise DeadlineExceeded(f"{self.name} is at {self.done} of {sequence}") from None
        finally:
            self._awaited -= 1
        return self.done

    async def caught_up(self, patience: float) -> int:
        """Waits until everything that stands in the stream by now is stored; returns how far it is.

        Raises:
            BusUnavailable: when it cannot be told now.
            DeadlineExceeded: when patience ends first.
        """
        try:
            last = (await self._bus.jetstream.stream_info(self._stream)).state.last_seq
        except TROUBLE as error:
            raise unavailable(error) from error
        return await self.reached(last, patience)

    async def behind(self) -> int:
        """How many events of the stream are not stored yet, by the server's count.

        Raises:
            BusUnavailable: when it cannot be told now.
        """
        try:
            info = await self._bus.jetstream.consumer_info(self._stream, self.name)
        except TROUBLE as error:
            raise unavailable(error) from error
        return (info.num_pending or 0) + (info.num_ack_pending or 0)

    async def _catch_up(self) -> None:
        """Another replica may have stored what this one waits for, or it was erased: the server knows."""
        with contextlib.suppress(*TROUBLE):
            # Asked first, so that an event that comes in between is not taken for stored.
            last = (await self._bus.jetstream.stream_info(self._stream)).state.last_seq
            info = await self._bus.jetstream.consumer_info(self._stream, self.name)
            if info.ack_floor and not info.num_pending and not info.num_ack_pending:
                self.done = max(self.done, last)
            elif info.ack_floor:
                self.done = max(self.done, info.ack_floor.stream_seq)

    async def _run(self) -> None:
        while not self._stopping:
            self._arrival.clear()
            if not self._arrived:
                await self._arrival.wait()
                continue
            await self._gather()
            messages = [self._arrived.popleft() for _ in range(min(self._batch, len(self._arrived)))]
            LAG.labels(self.name).set(len(messages) + len(self._arrived))
            await self._store(messages)
            async with self._progress:
                self.done = max(self.done, sequence_of(messages[-1]))
                self._progress.notify_all()
            LAG.labels(self.name).set(len(self._arrived))

    async def _gather(self) -> None:
        if not (self._stopping or self._awaited or len(self._arrived) >= ENOUGH):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._gather_s):
                    await self._enough.wait()
        clock = asyncio.get_running_loop().time
        pause = self._began_at + AT_ONCE_S - clock()
        if pause > 0 and len(self._arrived) < self._batch:
            await asyncio.sleep(pause)
        self._enough.clear()
        self._began_at = clock()

    async def _store(self, messages: list[Msg]) -> None:
        # Of many together nobody asks whose they are but who exports their traces.
        traces = [trace_of(each) for each in messages] if len(messages) == 1 or exporting() else []
        with consumed(f"{CONSUME} {self.name}", traces):
            await self._until_stored(messages)

    async def _until_stored(self, messages: list[Msg]) -> None:
        attempt = 0
        while True:
            try:
                await self._handler([delivery(message) for message in messages])
            except (StoreUnavailable, BusUnavailable, TimeoutError) as error:
                pause = RETRY_S[min(attempt, len(RETRY_S) - 1)]
                attempt += 1
                report = {"action": "consumer_waits", "consumer": self.name, "error": str(error), "attempt": attempt}
                log.warning("cannot store events now", extra=report)
                CONSUMED.labels(self.name, "retried").inc(len(messages))
                self._report("retried", len(messages))
                await self._hold(messages)
                await asyncio.sleep(pause)
            except Exception as error:
                await self._separate(messages, error)
                return
            else:
                await self._acknowledge(messages)
                CONSUMED.labels(self.name, "stored").inc(len(messages))
                return

    async def _separate(self, messages: list[Msg], error: Exception) -> None:
        """Finds the poison in a batch by storing one by one, and sets it aside."""
        if len(messages) > 1:
            for message in messages:
                await self._store([message])
            return
        log.error(
            "event cannot be handled; moved to the dead letters",
            extra={"action": "dead_letter", "consumer": self.name, "subject": messages[0].subject},
            exc_info=error,
        )
        # The whole subject is kept, so that what is forgotten can be found and purged here too.
        subject = f"spark.dead.{self.name}.{messages[0].subject}"
        once = digest("dead", self.name, messages[0].subject, str(messages[0].metadata.sequence.stream))
        carried = {"Nats-Msg-Id": once, "spark-error": type(error).__name__}
        while True:
            try:
                await self._bus.publish("DEAD_LETTERS", subject, messages[0].data, carried, timeout=5)
                break
            except BusUnavailable:
                await asyncio.sleep(RETRY_S[-1])
        await self._acknowledge(messages)
        CONSUMED.labels(self.name, "dead").inc()
        self._report("dead", 1)

    def _report(self, reason: str, count: int) -> None:
        # Of what tells of faults itself nothing is told: it would make what it cannot handle.
        if self._stream != SEEN.stream:
            self._bus.faults.note(f"consumer:{self.name}", reason, count=count)

    async def _hold(self, messages: list[Msg]) -> None:
        """Keeps all that was delivered from coming again while the store is away."""
        now = asyncio.get_running_loop().time()
        if now - self._held_at < HOLD_EVERY_S:
            return
        self._held_at = now
        with contextlib.suppress(OSError, nats.errors.Error):
            for message in (*messages, *self._arrived):
                await message.in_progress()

    async def _acknowledge(self, messages: list[Msg]) -> None:
        # A lost acknowledgement brings the batch again, which an idempotent handler bears.
        with contextlib.suppress(OSError, nats.errors.Error):
            for message in messages:
                await message.ack()


def trace_of(message: Msg) -> str:
    """The trace context that an event came with; empty without one that can be read."""
    carried = (message.headers or {}).get("traceparent", "")
    return carried if trace_id(carried) else ""


def delivery(message: Msg) -> Delivery:
    """What a handler needs to know of a message."""
    return Delivery(message.data, sequence_of(message), message.subject)


def sequence_of(message: Msg) -> int:
    """The message's place in its stream: what nats-py's metadata say, in a tenth of the time."""
    tokens = message.reply.split(".", 6)
    return int(tokens[5]) if len(tokens) == 7 and tokens[6].count(".") == 2 else message.metadata.sequence.stream
