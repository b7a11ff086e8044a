"""What was acknowledged and what was stored, asked of the bus and of the database themselves: none of Spark's own
counters has a say in it."""

# nats-py leaves the options of its calls untyped.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from dataclasses import dataclass

import asyncpg
import nats
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from chassis.events import event_type
from spark.moment.v1 import moment_pb2
from tests.integration.fleet.fleet import Fleet, until

STREAM = event_type(moment_pb2.MomentObserved).stream
BATCH = 500
STORED_SECONDS = 75.0
"""Patience with a consumer that has to be given again what went to a process out of reach: NATS waits 30 s for an
acknowledgement first, and the store has to be found again."""


@dataclass(frozen=True)
class Acknowledged:
    """A message that JetStream has: its place in the stream, the event's id, and whose session it was."""

    sequence: int
    event_id: str
    session_id: str


async def acknowledged(nats_url: str) -> list[Acknowledged]:
    """Every moment that the stream holds."""
    client = await nats.connect(nats_url)
    try:
        stream = client.jetstream()
        held = (await stream.stream_info(STREAM)).state
        config = ConsumerConfig(deliver_policy=DeliverPolicy.ALL, ack_policy=AckPolicy.NONE)
        reading = await stream.pull_subscribe("", stream=STREAM, config=config)
        found: list[Acknowledged] = []
        while held.messages and (not found or found[-1].sequence < held.last_seq):
            for message in await reading.fetch(BATCH, timeout=5):
                envelope = moment_pb2.MomentObserved.FromString(message.data).moment.envelope
                sequence = message.metadata.sequence.stream
                found.append(Acknowledged(sequence, envelope.event_id, envelope.session_id))
        return found
    finally:
        await client.close()


async def stored(database_url: str) -> set[str]:
    """Ids of the moments in telemetry's table."""
    connection = await asyncpg.connect(database_url)
    try:
        return {row[0] for row in await connection.fetch("select event_id from telemetry.moment")}
    finally:
        await connection.close()


async def decided(database_url: str, session: str) -> list[tuple[str, bool]]:
    """Decisions that telemetry has of a session: id, and whether something was said."""
    connection = await asyncpg.connect(database_url)
    try:
        query = "select decision_id, said from telemetry.decision where session_id = $1 order by decision_id"
        return [(row[0], row[1]) for row in await connection.fetch(query, session)]
    finally:
        await connection.close()


async def nothing_is_lost(fleet: Fleet, sequences: set[int]) -> list[Acknowledged]:
    """Every place in the stream that a hook's answer named is there, and every moment that is there comes into the
    table. Returns the stream.

    Raises:
        TimeoutError: when one does not in time.
    """
    held = await acknowledged(fleet.nats_url)
    missing = sequences - {each.sequence for each in held}
    assert not missing, f"acknowledged and gone from the stream: {sorted(missing)}"
    wanted = {each.event_id for each in held}

    async def all_stored() -> bool:
        return wanted <= await stored(fleet.database_url)

    try:
        await until(all_stored, within=STORED_SECONDS)
    except TimeoutError:
        lacking = wanted - await stored(fleet.database_url)
        raise AssertionError(f"{len(lacking)} of {len(wanted)} acknowledged moments were not stored") from None
    return held
