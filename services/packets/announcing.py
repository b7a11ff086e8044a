"""What packets announce of advice: how a piece stands, once when it is given and again at each change."""

from __future__ import annotations

from collections.abc import Iterable

import asyncpg

from chassis.events import event_type
from chassis.identifiers import new_ulid
from chassis.outbox import Announcement, Outbox
from chassis.timestamps import set_time
from spark.packets.v1 import judged_pb2

JUDGED = event_type(judged_pb2.AdviceJudged)
OUTBOX = Outbox("packets", JUDGED)


async def announce(connection: asyncpg.Connection, rows: Iterable[asyncpg.Record]) -> None:
    """Writes down how pieces stand, in the transaction that made them stand so; rows as `advice_queries.STANDS`."""
    await OUTBOX.add(connection, [announcement(row) for row in rows])


def announcement(row: asyncpg.Record) -> Announcement:
    """The message that tells how a piece stands."""
    judged = judged_pb2.AdviceJudged(
        event_id=new_ulid(),
        workspace_id=row["workspace_id"],
        project_id=row["project_id"],
        session_id=row["session_id"],
        advice_id=row["advice_id"],
        packet_id=row["packet_id"],
        source=row["source"],
        state=row["state"],
        decided_by=row["decided_by"],
        verdict=row["verdict"],
    )
    set_time(judged.given_at, row["given_at"])
    set_time(judged.changed_at, row["changed_at"])
    subject = JUDGED.subject_for(judged.workspace_id, judged.project_id, judged.session_id)
    return Announcement(judged.event_id, subject, row["changed_at"], judged.SerializeToString())
