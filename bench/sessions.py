"""Agent sessions in mid-course: each was shown advice an hour ago, so that the gate has something to read and judge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import asyncpg
import orjson

from bench.lessons import WORKSPACE

SHOWN = 12
"""Pieces already shown in each; under the budget of 40."""
AGO = timedelta(hours=1)
"""Past the cooldown (10 s) and the time in which the same is not said again (600 s)."""
COLUMNS = (
    *("workspace_id", "session_id", "agent_id", "project_id", "version", "emitted", "shown", "tools", "updated_at"),
)


async def begin(
    connection: asyncpg.Connection,
    session_ids: Sequence[str],
    project_id: str,
    packet_ids: Sequence[str],
    now: datetime,
) -> None:
    """Writes the gate's state of these sessions."""
    then = (now - AGO).isoformat()
    tools = orjson.dumps({"Bash": then, "Edit": then, "prompt": then}).decode()

    def rows() -> Iterator[tuple[object, ...]]:
        for number, session_id in enumerate(session_ids):
            first = number * SHOWN % len(packet_ids)
            pieces = packet_ids[first : first + SHOWN]
            shown = {f"{packet_id}/ahead": then for packet_id in pieces}
            shown |= {f"{packet_id}#toolu_{place:015x}": then for place, packet_id in enumerate(pieces)}
            yield WORKSPACE, session_id, "", project_id, SHOWN, SHOWN, orjson.dumps(shown).decode(), tools, now

    await connection.copy_records_to_table("agent_session", schema_name="packets", columns=COLUMNS, records=rows())
    await connection.execute("vacuum (analyze) packets.agent_session")
