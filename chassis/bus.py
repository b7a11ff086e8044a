"""The connection to NATS JetStream: streams, and publishing that is acknowledged or fails at once."""

# nats-py leaves **params of its calls untyped.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import ConsumerInfo, DiscardPolicy, StorageType, StreamConfig
from opentelemetry.trace import SpanKind
from prometheus_client import Counter

from chassis.fault_reports import FaultReports
from chassis.faults import BusUnavailable, DeadlineExceeded
from chassis.spans import PUBLISH, spanned

log = logging.getLogger(__name__)

PUBLISHED = Counter("spark_events_published", "Events by stream and result", ["stream", "result"])
published = cache(PUBLISHED.labels)

TROUBLE = (OSError, TimeoutError, nats.errors.Error, nats.js.errors.Error)
"""What NATS and the way there raise when it cannot do now what it is asked."""

PING_S = 2
"""So often the server is asked whether it is there; after two pings without an answer the next one gives it up."""
CONNECT_S = 5.0
CLOSE_S = 2.0
LOOK_EVERY_S = 0.02
DAY = 86_400.0
MIB = 1024 * 1024


@dataclass(frozen=True)
class Stream:
    """A stream as a service wants it. `max_age_s` 0 keeps for ever; `per_subject` 0 keeps all."""

    name: str
    subject: str
    max_age_s: float
    max_bytes: int
    per_subject: int = 0


STREAMS: Sequence[Stream] = (
    Stream("MOMENTS", "spark.moment.v1.>", 7 * DAY, 1024 * MIB),
    # The last word on each lesson, for good: packets can be made anew from it.
    Stream("LESSONS", "spark.memory.v1.>", 0, 128 * MIB, per_subject=1),
    # Requests for preparations: of each session the newest, and none that has lain for an hour.
    Stream("PREFETCH", "spark.prefetch.v1.>", 3600.0, 64 * MIB, per_subject=1),
    Stream("DECISIONS", "spark.router.v1.>", 7 * DAY, 512 * MIB),
    Stream("OUTCOMES", "spark.packets.v1.>", 7 * DAY, 128 * MIB),
    Stream("GENERATIONS", "spark.inference.v1.>", 7 * DAY, 64 * MIB),
    Stream("FAULTS", "spark.fault.v1.>", 7 * DAY, 32 * MIB),
    Stream("DEAD_LETTERS", "spark.dead.>", 30 * DAY, 64 * MIB),
)

DUPLICATE_WINDOW_S = 600.0
"""Must exceed the longest retry of an outbox."""

REFUSAL_COUNTS_S = 3.0
"""How long a failed publish speaks against the bus, unless one works before: without traffic none would tell that it
works again. The embedded NATS is looked at, and started again where it cannot write, every 2 s."""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """JetStream has it: the place in the stream, and whether it was there before."""

    sequence: int
    duplicate: bool


class Bus:
    """One connection, kept alive for the life of the process."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.jetstream: JetStreamContext = client.jetstream(timeout=5)
        self._refused_at: float | None = None
        self.faults = FaultReports(self)
        """What went wrong in this process, for whoever watches it."""

    @classmethod
    async def connect(cls, url: str) -> Bus:
        """Connects, or says why not within 5 s; afterwards reconnects for ever.

        Raises:
            BusUnavailable: when no server answers.
        """
        client = Client()
        told: list[str] = []

        async def report(error: Exception) -> None:
            text = str(error) or type(error).__name__
            if text not in told:  # Attempts follow each other ten times a second and fail alike.
                told.append(text)
                log.warning("bus trouble", extra={"action": "bus_error", "error": text})

        async def recover() -> None:
            told.clear()
            log.info("bus back", extra={"action": "bus_back"})

        try:
            async with asyncio.timeout(CONNECT_S):
                await client.connect(
                    url,
                    name="spark",
                    connect_timeout=2,
                    allow_reconnect=True,
                    # At first, too, so that nats-py would never come back from a server that is not up.
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=0.1,  # pyright: ignore[reportArgumentType]  (seconds, passed to sleep)
                    ping_interval=PING_S,
                    max_outstanding_pings=2,
                    error_cb=report,
                    reconnected_cb=recover,
                )
        except (OSError, TimeoutError, nats.errors.Error) as error:
            await client.close()
            raise BusUnavailable(f"NATS: {', '.join(told) or error or type(error).__name__}") from error
        return cls(client)

    async def ensure_streams(self) -> None:
        """Creates the streams that are missing and brings the others up to date."""
        for stream in STREAMS:
            config = StreamConfig(
                name=stream.name,
                subjects=[stream.subject],
                max_age=stream.max_age_s,
                max_bytes=stream.max_bytes,
                max_msgs_per_subject=stream.per_subject or -1,
                duplicate_window=DUPLICATE_WINDOW_S,
                discard=DiscardPolicy.OLD,
                storage=StorageType.FILE,
                allow_direct=True,
            )
            try:
                await self.jetstream.update_stream(config)
            except nats.js.errors.NotFoundError:
                await self.jetstream.add_stream(config)

    @property
    def connected(self) -> bool:
        """Whether the server is there at this moment."""
        return self.client.is_connected

    async def probe(self) -> None:
        """Asks the server for a sign of life; what it could not store a moment ago it cannot store now.

        Raises:
            BusUnavailable: when it does not answer, or did not store the last event.
        """
        if self._refused_at is not None and time.monotonic() - self._refused_at < REFUSAL_COUNTS_S:
            raise BusUnavailable("NATS: the last event was not stored")
        try:
            await self.jetstream.stream_info("MOMENTS")
        except TROUBLE as error:
            raise unavailable(error) from error

    async def publish(
        self, stream: str, subject: str, data: bytes, headers: dict[str, str], timeout: float
    ) -> Acknowledgement:
        """Publishes and waits for JetStream to have it.

        Raises:
            BusUnavailable: when it is away, full or too slow; the event is lost and counted.
        """
        carried = headers.get("traceparent", "")
        with spanned(f"{PUBLISH} {stream}", SpanKind.PRODUCER, carried) as trace:
            if trace != carried:
                headers = {**headers, "traceparent": trace}
            return await self._publish(stream, subject, data, headers, timeout)

    async def _publish(
        self, stream: str, subject: str, data: bytes, headers: dict[str, str], timeout: float
    ) -> Acknowledgement:
        if not self.connected:
            published(stream, "disconnected").inc()
            raise BusUnavailable("NATS is not connected")
        try:
            ack = await self.jetstream.publish(subject, data, timeout=timeout, stream=stream, headers=headers)
        except TROUBLE as error:
            published(stream, "failed").inc()
            self._refused_at = time.monotonic()
            raise unavailable(error) from error
        self._refused_at = None
        published(stream, "duplicate" if ack.duplicate else "stored").inc()
        return Acknowledgement(ack.seq, bool(ack.duplicate))

    async def purge(self, stream: str, subject: str) -> int:
        """Erases the messages under a subject; returns how many there were.

        Raises:
            BusUnavailable: when it cannot be done now.
        """
        try:
            before = (await self.jetstream.stream_info(stream)).state.messages
            await self.jetstream.purge_stream(stream, subject=subject)
            after = (await self.jetstream.stream_info(stream)).state.messages
        except TROUBLE as error:
            raise unavailable(error) from error
        return max(0, before - after)

    async def consumed(self, stream: str, patience: float) -> None:
        """Returns once all consumers have stored what stands in a stream by now.

        Raises:
            BusUnavailable: when it cannot be told now.
            DeadlineExceeded: when patience, in seconds, ends first.
        """
        try:
            async with asyncio.timeout(patience):
                last = (await self.jetstream.stream_info(stream)).state.last_seq
                # Only the server knows, and it does not tell by itself.
                while not await self._is_consumed(stream, last):  # noqa: ASYNC110
                    await asyncio.sleep(LOOK_EVERY_S)
        except (nats.errors.Error, nats.js.errors.Error) as error:
            raise unavailable(error) from error
        except TimeoutError:
            raise DeadlineExceeded(f"not all that {stream} holds was stored within {patience:.0f} s") from None

    async def _is_consumed(self, stream: str, last: int) -> bool:
        return all(is_through(each, last) for each in await self.jetstream.consumers_info(stream))

    async def close(self) -> None:
        """Ends the connection, after 2 s by force; what is acknowledged is safe already."""
        if not self.client.is_closed:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await self.client.close()


def unavailable(error: Exception) -> BusUnavailable:
    """What to tell of a NATS that does not do what it is asked."""
    return BusUnavailable(f"NATS: {error or type(error).__name__}")


def is_through(consumer: ConsumerInfo, last: int) -> bool:
    """Whether a consumer has stored all up to a place in its stream; what was purged needs no storing."""
    idle = not consumer.num_pending and not consumer.num_ack_pending
    return idle or (consumer.ack_floor is not None and consumer.ack_floor.stream_seq >= last)
