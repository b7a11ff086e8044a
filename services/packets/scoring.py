"""From outcomes and users' words to the packets: counters, masses, score, stage, and the rank by which it is found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from services.packets import advice_queries as queries
from services.packets.effectiveness import (
    Evidence,
    Posterior,
    Stage,
    faded,
    forget,
    learn,
    score_of,
    stage_after,
)
from services.packets.worth import WEIGHED
from spark.memory.v1 import lesson_pb2
from spark.packets.v1 import advice_pb2

COUNTED = (*WEIGHED, "unknown")
"""Counters of the contract that outcomes and words move, in the order of the statement."""

COUNTER_OF_STATE = {
    advice_pb2.ADVICE_STATE_FOLLOWED_WORKED: "followed_worked",
    advice_pb2.ADVICE_STATE_FOLLOWED_FAILED: "followed_failed",
    advice_pb2.ADVICE_STATE_IGNORED_FAILED: "ignored_failed",
    advice_pb2.ADVICE_STATE_IGNORED_FINE: "ignored_fine",
    advice_pb2.ADVICE_STATE_REJECTED: "rejected",
    advice_pb2.ADVICE_STATE_UNKNOWN: "unknown",
}

COUNTER_OF_VERDICT = {
    advice_pb2.VERDICT_HELPFUL: "helpful",
    advice_pb2.VERDICT_NOT_HELPFUL: "unhelpful",
    advice_pb2.VERDICT_TOO_NOISY: "noisy",
}

REFRESH_AFTER = timedelta(days=7)
"""A score is worked out anew so often where nothing happens: by then a twentieth of what it rests on has faded."""
REFRESH_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Change:
    """One outcome or word of a packet, added or taken back (`by` 1 or -1)."""

    workspace_id: str
    packet_id: str
    at: datetime
    evidence: Evidence
    counter: str
    by: int = 1


async def apply(connection: asyncpg.Connection, changes: Sequence[Change], half_life: timedelta) -> None:
    """Brings packets in line with what became of their advice; of packets that are gone there is nothing to do."""
    by_packet: dict[tuple[str, str], list[Change]] = defaultdict(list)
    for change in changes:
        by_packet[change.workspace_id, change.packet_id].append(change)
    if not by_packet:
        return
    rows = await connection.fetch(
        queries.KNOWN, [workspace for workspace, _ in by_packet], [packet_id for _, packet_id in by_packet]
    )
    await write(connection, [after(row, by_packet[row["workspace_id"], row["packet_id"]], half_life) for row in rows])


async def refresh(connection: asyncpg.Connection, now: datetime, half_life: timedelta) -> None:
    """Works out anew the scores that have stood for long, a bounded number of them."""
    rows = await connection.fetch(queries.FADED, now - REFRESH_AFTER, REFRESH_AT_ONCE)
    nothing = [Change(row["workspace_id"], row["packet_id"], now, Evidence(), "") for row in rows]
    await apply(connection, nothing, half_life)


@dataclass(frozen=True, slots=True)
class Scored:
    """A packet after its changes."""

    workspace_id: str
    packet_id: str
    posterior: Posterior
    stage: Stage
    counted: dict[str, int]


def after(row: asyncpg.Record, changes: Sequence[Change], half_life: timedelta) -> Scored:
    """A packet's row after changes."""
    posterior = Posterior(row["help"], row["harm"], row["noise"], row["evidence_at"])
    counted = dict.fromkeys(COUNTED, 0)
    for change in changes:
        combine = learn if change.by > 0 else forget
        posterior = combine(posterior, change.evidence, change.at, half_life)
        if change.counter:
            counted[change.counter] += change.by
    posterior = faded(posterior, max(change.at for change in changes), half_life)
    stage = stage_after(row["stage"], posterior, suggests=advises(row["lesson"]))
    return Scored(row["workspace_id"], row["packet_id"], posterior, stage, counted)


def advises(lesson: bytes) -> bool:
    """Whether a packet's lesson advises a call, so that it can turn out wrong."""
    told = lesson_pb2.Lesson.FromString(lesson)
    return bool(told.fix.kind) or told.kind == lesson_pb2.LESSON_KIND_PROJECT_FACT


async def write(connection: asyncpg.Connection, scored: Sequence[Scored]) -> None:
    """Writes packets, and their rank under every key."""
    workspaces, packet_ids = [each.workspace_id for each in scored], [each.packet_id for each in scored]
    await connection.execute(
        queries.RESCORE,
        workspaces,
        packet_ids,
        [each.posterior.help for each in scored],
        [each.posterior.harm for each in scored],
        [each.posterior.noise for each in scored],
        [each.posterior.at for each in scored],
        [each.stage for each in scored],
        [score_of(each.posterior) for each in scored],
        *([each.counted[name] for each in scored] for name in COUNTED),
    )
    await connection.execute(queries.RERANK, workspaces, packet_ids)
