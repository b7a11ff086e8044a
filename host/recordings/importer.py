"""Learns from transcripts: hooks of the past, in batches, in the order in which they happened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

import orjson

from gateway.clients.recorded import RecordedHook
from host.recordings.transcripts import CLIENT, TEACHING, Reader, Transcript, lean
from spark.gateway.v1 import hooks_pb2

if TYPE_CHECKING:
    from spark.gateway.v1.hooks_pb2_grpc import HooksServiceAsyncStub

BATCH_HOOKS = 200
BATCH_BYTES = 4 * 1024 * 1024
"""The contract takes 1,000 hooks; a message stays well under gRPC's limit, and a live hook waits for no long batch."""

BATCH_SECONDS = 60.0
SETTLE_SECONDS = 600.0


@dataclass
class Tally:
    """What an import has done so far."""

    files: int = 0
    bytes: int = 0
    """Of raw JSON."""
    sessions: set[str] = field(default_factory=set[str])
    hooks: int = 0
    """All that were read, with those that teach nothing."""
    new: int = 0
    known: int = 0
    """Moments that were learnt from before."""
    skipped: int = 0
    """Hooks that teach nothing."""
    rejected: int = 0
    """Hooks that the gateway could not read, or could not publish."""
    sequence: int = 0
    """Place of the last moment in the stream."""

    def add(self, response: hooks_pb2.ImportHooksResponse) -> None:
        """Counts what became of a batch."""
        self.new += response.published
        self.known += response.duplicates
        self.skipped += response.skipped
        self.rejected += response.rejected
        self.sequence = max(self.sequence, response.sequence)


async def import_transcripts(
    gateway: HooksServiceAsyncStub,
    reader: Reader,
    transcripts: Sequence[Transcript],
    project: str,
    tally: Tally,
    progress: Callable[[], None],
) -> None:
    """Sends what teaches, and waits until all of it is learnt.

    Raises:
        AioRpcError: when the gateway is away or does not finish in time; what was sent until then stays learnt.
    """
    for client, own in groupby(transcripts, key=lambda each: each.client):
        hooks = recorded(reader, list(own), tally)
        await import_hooks(gateway, hooks, project, tally, progress, client=client)


async def import_hooks(
    gateway: HooksServiceAsyncStub,
    hooks: Iterable[hooks_pb2.RecordedHook],
    project: str,
    tally: Tally,
    progress: Callable[[], None],
    *,
    forecasts: bool = False,
    client: str = CLIENT,
) -> None:
    """Sends hooks, and waits until all of them are learnt. One batch is on its way while the next one is read.

    With `forecasts` it also waits until what they say of coming calls is learnt.

    Raises:
        AioRpcError: when the gateway is away or does not finish in time; what was sent until then stays learnt.
    """
    sending: asyncio.Task[None] | None = None

    async def send(batch: list[hooks_pb2.RecordedHook]) -> None:
        request = hooks_pb2.ImportHooksRequest(client=client, hooks=batch, project=project)
        tally.add(await gateway.ImportHooks(request, timeout=BATCH_SECONDS))
        progress()

    try:
        for batch in batches(hooks):
            if sending is not None:
                await sending
            sending = asyncio.create_task(send(batch))
            await asyncio.sleep(0)
        if sending is not None:
            await sending
    finally:
        if sending is not None:
            sending.cancel()
    if tally.sequence:
        patience = hooks_pb2.SettleRequest(sequence=tally.sequence, forecasts=forecasts)
        patience.patience.FromTimedelta(timedelta(seconds=SETTLE_SECONDS))
        await gateway.Settle(patience, timeout=SETTLE_SECONDS)


def recorded(reader: Reader, transcripts: Sequence[Transcript], tally: Tally) -> Iterator[hooks_pb2.RecordedHook]:
    """The hooks that teach something, counted while they are read."""
    for transcript in transcripts:
        for hook in reader.hooks(transcript):
            tally.hooks += 1
            tally.sessions.add(str(hook.payload["session_id"]))
            if hook.payload["hook_event_name"] in TEACHING:
                yield message(hook, transcript.client)
            else:
                tally.skipped += 1
        tally.files += 1
        tally.bytes += transcript.size


def message(hook: RecordedHook, client: str = CLIENT) -> hooks_pb2.RecordedHook:
    """A hook as it travels: only what is learnt from."""
    sent = hooks_pb2.RecordedHook(payload=orjson.dumps(lean(client, hook.payload)))
    sent.occurred_at.FromDatetime(hook.occurred_at)
    if hook.began_at is not None:
        sent.began_at.FromDatetime(hook.began_at)
    return sent


def batches(hooks: Iterable[hooks_pb2.RecordedHook]) -> Iterator[list[hooks_pb2.RecordedHook]]:
    """Cuts hooks into batches within both limits."""
    batch: list[hooks_pb2.RecordedHook] = []
    size = 0
    for hook in hooks:
        if batch and (len(batch) >= BATCH_HOOKS or size + len(hook.payload) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(hook)
        size += len(hook.payload)
    if batch:
        yield batch
