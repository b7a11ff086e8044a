"""What is ready for the next moment of a session: stored as it comes, and the branch that came to pass picked out."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from chassis.clock import Clock
from chassis.database import Database
from chassis.timestamps import to_datetime
from services.packets import queries
from services.packets.standing import load_standing
from spark.moment.v1 import moment_pb2
from spark.packets.v1 import advice_pb2, packets_pb2

OUT_OF_USE = frozenset({advice_pb2.STAGE_RETIRED, advice_pb2.STAGE_WARNING})
"""Stages in which nothing made ahead is said: what it advised did harm, or was never of use."""

SPOKEN_AT = frozenset(
    {
        moment_pb2.MOMENT_KIND_PROMPT_SUBMITTED,
        moment_pb2.MOMENT_KIND_CALL_SUCCEEDED,
        moment_pb2.MOMENT_KIND_CALL_FAILED,
    }
)
"""Moments at which a forecast can still change what comes. Before a call it would arrive with that call's result, as it
does after it."""


class Preparations:
    """The preparations of this system."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def store(self, workspace_id: str, request: packets_pb2.PrepareRequest) -> tuple[bool, float]:
        """Keeps a preparation; says whether, for a later one may be there, and how much else is idle in the project.

        Raises:
            StoreUnavailable: when Postgres is away or cannot write.
        """
        envelope, now = request.envelope, self._clock.now()
        session, agent = ("", "") if request.for_beginnings else (envelope.session_id, envelope.agent_id)
        async with self._database.connection() as connection:
            ids = [packet.packet_id for packet in request.preparation.packets]
            rows = await connection.fetch(queries.SCORES, workspace_id, ids) if ids else []
            scored(request.preparation, rows)
            stored = await connection.fetchval(
                queries.PREPARE,
                workspace_id,
                envelope.project_id,
                session,
                agent,
                request.sequence,
                request.preparation.SerializeToString(),
                now,
                request.preparation.threshold,
            )
            standing = load_standing(await connection.fetchval(queries.STANDING, workspace_id, envelope.project_id))
        return stored is not None, standing.idle_per_100_calls()


def scored(preparation: packets_pb2.Preparation, rows: Sequence[asyncpg.Record]) -> None:
    """Tells packets what came of them before; what is retired for that is not said again."""
    known = {row["packet_id"]: row for row in rows}
    retired: set[int] = set()
    for place, packet in enumerate(preparation.packets):
        row = known.get(packet.packet_id)
        if row is not None:
            packet.effectiveness_score, packet.stage = row["effectiveness_score"], row["stage"]
            if row["stage"] in OUT_OF_USE:
                retired.add(place)
    for branch in preparation.branches:
        kept = [chance for chance in branch.chances if chance.packet not in retired]
        del branch.chances[:]
        branch.chances.extend(kept)


def ready_for(moment: moment_pb2.Moment, body: bytes | None, threshold: float | None) -> packets_pb2.Preparation:
    """The branch of a preparation that came to pass, with its packets; where nothing is ready or can be said, only from
    which probability on something would be."""
    nothing = packets_pb2.Preparation(threshold=threshold or 0.0)
    if body is None or moment.kind not in SPOKEN_AT:
        return nothing
    whole = packets_pb2.Preparation.FromString(body)
    branch = branch_of(whole, moment)
    if branch is None or not branch.chances:
        return nothing
    now = to_datetime(moment.envelope.occurred_at)
    ready = packets_pb2.Preparation(made_after=whole.made_after, threshold=whole.threshold)
    came = ready.branches.add(tool=branch.tool, target_class=branch.target_class, prompt=branch.prompt)
    for chance in branch.chances:
        if chance.packet < len(whole.packets) and to_datetime(whole.packets[chance.packet].fresh_until) > now:
            came.chances.add(packet=len(ready.packets), probability=chance.probability)
            ready.packets.append(whole.packets[chance.packet])
    return ready


def branch_of(whole: packets_pb2.Preparation, moment: moment_pb2.Moment) -> packets_pb2.Branch | None:
    """The branch for a moment: that of the very call, else the one for all others."""
    if moment.kind == moment_pb2.MOMENT_KIND_PROMPT_SUBMITTED:
        return next((each for each in whole.branches if each.prompt), None)
    called = (moment.call.tool, moment.call.target_class)
    worked = moment.kind == moment_pb2.MOMENT_KIND_CALL_SUCCEEDED
    others = None
    for each in whole.branches:
        if worked and not each.prompt and (each.tool, each.target_class) == called:
            return each
        if not each.prompt and not each.tool:
            others = each
    return others
