"""Plays a session in a system of its own, in which its past was learnt and nothing else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from bench.pack_judging import to_reject
from bench.pack_session import Listener, Piece, Session
from bench.packs import RETURN, Place, TooNoisy
from gateway.clients.recorded import RecordedHook
from host.connection import Connection
from host.recordings.decisions import watched
from host.recordings.hook_client import HookClient
from host.recordings.importer import Tally, import_hooks
from host.recordings.judging import Observer
from host.recordings.measures.words import Rarity
from host.recordings.replay import play
from host.recordings.table_rows import CallRow
from host.recordings.throwaway import throwaway
from host.recordings.transcripts import CLIENT
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub
from spark.telemetry.v1.telemetry_pb2_grpc import TelemetryServiceStub

if TYPE_CHECKING:
    from spark.gateway.v1 import hooks_pb2

NOT_FOUND = 404
HEARD_OF_SECONDS = 10.0
"""A decision is known to packets a few milliseconds after its reply; more means that it was lost."""


@dataclass(frozen=True)
class Run:
    """A session that was played."""

    session: Session
    rarity: Rarity
    """Of the words of all calls that were played."""
    rejected: tuple[str, ...]
    """Ids of the advice that was called too noisy."""


async def run(
    hooks: Iterable[RecordedHook],
    session: str,
    *,
    past: Iterable[hooks_pb2.RecordedHook] = (),
    rows: Mapping[str, CallRow] | None = None,
    noisy: TooNoisy | None = None,
) -> Run:
    """Learns the past at once, plays the hooks, and keeps what was said in one session.

    `noisy` names the call after whose return the user rejects its advice.

    Raises:
        EngineError: when the engines cannot be started.
        ServiceUnavailable: when the gateway breaks off.
        AioRpcError: when learning does not keep up.
        HTTPStatusError: when feedback is not taken.
    """
    listener, observer = Listener(session), Observer(rows or {})
    rejected: tuple[str, ...] = ()
    async with (
        throwaway(as_set=True) as connection,
        HookClient(connection, CLIENT) as client,
        watched(TelemetryServiceStub(connection.channels.to("telemetry"))) as decisions,
    ):
        gateway = HooksServiceStub(connection.channels.to("gateway"))
        await import_hooks(gateway, past, "", Tally(), lambda: None, forecasts=True)
        async for played in play(hooks, client, gateway):
            observer.see(played)
            place = listener.see(played)
            if noisy is not None and place == Place(RETURN, noisy.call):
                so_far = listener.played(await decisions.of(listener.decisions()), observer)
                rejected = await reject(connection, to_reject(noisy, so_far))
        known = await decisions.of(listener.decisions())
    return Run(listener.played(known, observer), Rarity(observer.judged(known).calls), rejected)


async def reject(connection: Connection, advice: Sequence[Piece]) -> tuple[str, ...]:
    """Calls advice too noisy; its ids.

    Raises:
        HTTPStatusError: when feedback is not taken, or the advice is not known within 10 s.
    """
    ids = tuple(piece.advice_id for piece in advice)
    headers = {"authorization": f"Bearer {connection.token}"}
    async with httpx.AsyncClient(base_url=connection.run.http, headers=headers, trust_env=False) as client:
        for advice_id in ids:
            until = time.monotonic() + HEARD_OF_SECONDS
            while True:
                reply = await client.post("/v1/feedback", json={"advice_id": advice_id, "verdict": "too-noisy"})
                if reply.status_code != NOT_FOUND or time.monotonic() > until:
                    break
                await asyncio.sleep(0.02)
            reply.raise_for_status()
    return ids
