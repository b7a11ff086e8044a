"""What packets can do: find, claim, store, invalidate, forget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg
import orjson

from chassis.clock import Clock
from chassis.conditions import asked
from chassis.consumer import Delivery
from chassis.database import Database, count_in
from chassis.events import event_type
from chassis.faults import NotFound
from chassis.timestamps import set_time, to_datetime
from services.packets import queries
from services.packets.announcing import OUTBOX
from services.packets.content import file_of, remedy_of
from services.packets.counting import ShownCounts
from services.packets.effectiveness import WARNING
from services.packets.keys import keys_for, keys_of
from services.packets.preparations import SPOKEN_AT, ready_for
from services.packets.standing import load_standing
from services.packets.wire import occasion_of
from services.packets.wording import worded
from services.packets.worth import counters_of
from spark.memory.v1 import lesson_pb2
from spark.moment.v1 import moment_pb2
from spark.packets.v1 import packets_pb2, standing_pb2

HEARD = event_type(lesson_pb2.LessonChanged)

FRESH_FOR = timedelta(days=90)
"""How long a lesson is worth saying after it was last seen: the half-life of the best scoring known (90 days)."""

PER_KEY = 16
"""Packets looked at under one key. More cannot matter: at most two are ever said."""

FOR_WORDS = 1024
"""Under all words of a prompt together: what has most of them in common may come late under each. So many cost 1 ms
in a project with 100,000 packets, 20,000 of them under each word."""

WORDS_IN_COMMON = 2
"""A prompt must share so many words with a lesson; one word in common is chance."""

GENERAL = "baseline:"
"""How the ids of what is shown without a packet begin."""
REMEDY = "remedy-"
"""How the ids of what prefetch makes at a failure begin: the router asks for it beside the lookup."""

MOMENT = "moment "
"""What stands before the id of a moment at which something was shown."""

TOOL, FAILURE = "tool ", "failure "
"""What stands before the name of a tool that is not wanted to be spoken of."""

QUIET_SESSION = timedelta(days=14)

SWEEP_EVERY = timedelta(hours=1)

DEFAULT_LIMIT = 6

ANY_REVISION = 2**63 - 1
"""Takes a packet out of use whatever its revision; a later lesson may still bring it back."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a lookup brought."""

    candidates: list[packets_pb2.Candidate]
    gate: packets_pb2.GateState
    prepared: packets_pb2.Preparation
    """What was made ready ahead for this moment, and from which probability on something is said."""
    standings: Sequence[standing_pb2.Standing] = ()
    """What came of pieces said at such moments."""


class Library:
    """The packets of this system."""

    def __init__(self, database: Database, counts: ShownCounts, clock: Clock, half_life: timedelta) -> None:
        self._database = database
        self._counts = counts
        self._clock = clock
        self._half_life = half_life
        self._swept: datetime | None = None

    async def find(self, moment: moment_pb2.Moment, limit: int) -> Found:
        """The packets for a moment, best first, with the session's gate state, in one read.

        Raises:
            StoreUnavailable: when Postgres is away.
        """
        envelope, sought = moment.envelope, keys_for(moment)
        by_words = bool(sought) and sought[0].key.startswith("word|")
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                queries.LOOKUP,
                envelope.workspace_id,
                envelope.project_id,
                envelope.session_id,
                envelope.agent_id,
                [item.key for item in sought],
                [item.exact for item in sought],
                max(PER_KEY, FOR_WORDS // len(sought)) if by_words else PER_KEY,
                4 * (limit or DEFAULT_LIMIT),
                to_datetime(envelope.occurred_at),
                WORDS_IN_COMMON if by_words else 1,
                limit or DEFAULT_LIMIT,
                moment.kind in SPOKEN_AT,
            )
        now = to_datetime(envelope.occurred_at)
        candidates = [
            candidate_from(row, envelope.project_id, counters_of(row, now, self._half_life))
            for row in rows
            if row["packet_id"] is not None
        ]
        prepared = ready_for(moment, rows[0]["prepared"], rows[0]["threshold"])
        ids = [candidate.packet.packet_id for candidate in candidates]
        ids += [packet.packet_id for packet in prepared.packets]
        weighed = candidates or prepared.packets or moment.kind == moment_pb2.MOMENT_KIND_CALL_FAILED
        standings = load_standing(rows[0]["standing"]).on(occasion_of(moment.kind)) if weighed else ()
        return Found(candidates, gate_from(rows[0], ids, envelope.event_id), prepared, standings)

    async def weigh(self, workspace_id: str, packet_ids: Sequence[str]) -> list[packets_pb2.Worth]:
        """What came of packets before; of those that are not known nothing is said.

        Raises:
            StoreUnavailable: when Postgres is away.
        """
        async with self._database.connection() as connection:
            rows = await connection.fetch(queries.SCORES, workspace_id, packet_ids)
        now = self._clock.now()
        return [
            packets_pb2.Worth(
                packet_id=row["packet_id"],
                effectiveness_score=row["effectiveness_score"],
                stage=row["stage"],
                counters=counters_of(row, now, self._half_life),
            )
            for row in rows
        ]

    async def claim(
        self, moment: moment_pb2.Moment, version: int, packet_ids: Sequence[str], *, refused: bool = False
    ) -> bool:
        """Takes the right to show packets; False when another moment of the session came first.

        Raises:
            StoreUnavailable: when Postgres is away or cannot write.
        """
        envelope, at = moment.envelope, to_datetime(moment.envelope.occurred_at)
        stamp = at.isoformat()
        keys = [key for packet_id in packet_ids for key in shown_keys(packet_id, moment, refused=refused)]
        shown = dict.fromkeys([*keys, *moment_key(envelope.event_id)], stamp)
        tools = {moment.call.tool or "prompt": stamp}
        async with self._database.connection() as connection:
            granted = await connection.fetchval(
                queries.CLAIM,
                envelope.workspace_id,
                envelope.session_id,
                envelope.agent_id,
                envelope.project_id,
                version,
                len(packet_ids),
                orjson.dumps(shown).decode(),
                orjson.dumps(tools).decode(),
                at,
            )
        if granted is None:
            return False
        self._counts.note(envelope.workspace_id, packet_ids)
        return True

    async def put(self, workspace_id: str, packet: packets_pb2.Packet) -> bool:
        """Stores a packet under its keys; False when a newer revision is there."""
        async with self._database.transaction() as connection:
            return await store(connection, workspace_id, packet)

    async def hear(self, deliveries: Sequence[Delivery]) -> None:
        """Turns lessons into packets; of several announcements of one lesson the newest revision stands.

        Raises:
            StoreUnavailable: when Postgres is away; the batch must come again.
        """
        newest: dict[tuple[str, str], lesson_pb2.Lesson] = {}
        for delivery in deliveries:
            lesson = lesson_pb2.LessonChanged.FromString(delivery.data).lesson
            key = (lesson.workspace_id, lesson.lesson_id)
            if key not in newest or newest[key].revision < lesson.revision:
                newest[key] = lesson
        async with self._database.transaction() as connection:
            # In the order in which scoring takes packets, so that neither waits for the other.
            for _, lesson in sorted(newest.items()):
                await materialise(connection, lesson)
            await connection.execute(queries.HEARD, max(delivery.sequence for delivery in deliveries))
            # By the time of what is heard: in a replay of the past, what is fresh there must not be swept.
            await self._sweep(connection, min(self._clock.now(), max(map(last_seen, newest.values()))))

    async def heard(self) -> int:
        """Place in the stream up to which all lessons were heard; 0 when none ever was.

        Raises:
            StoreUnavailable: when Postgres is away.
        """
        async with self._database.connection() as connection:
            return await connection.fetchval(queries.LAST_HEARD)

    async def _sweep(self, connection: asyncpg.Connection, now: datetime) -> None:
        if self._swept is None or now - self._swept > SWEEP_EVERY:
            await connection.execute(queries.SWEEP_SESSIONS, now - QUIET_SESSION)
            await connection.execute(queries.SWEEP_PREPARATIONS, now - QUIET_SESSION)
            await connection.execute(queries.SWEEP_KEYS, now)
            self._swept = now

    async def invalidate(self, workspace_id: str, packet_id: str, reason: str) -> None:
        """Takes a packet out of use.

        Raises:
            NotFound: when there is no such packet.
        """
        async with self._database.transaction() as connection:
            found = await connection.fetchval(queries.INVALIDATE, workspace_id, packet_id, reason, ANY_REVISION)
            if found is None:
                raise NotFound(f"no packet {packet_id}", kind="packet", id=packet_id)
            await connection.execute(queries.DROP_KEYS, workspace_id, packet_id)

    async def status(self, workspace_id: str, project_id: str) -> asyncpg.Record:
        """Counts of packets: total, fresh, stale, invalidated."""
        of_project, values = asked([("project_id = {}", project_id)], workspace_id, self._clock.now())
        async with self._database.connection() as connection:
            row = await connection.fetchrow(queries.STATUS.format(of_project), *values)
        assert row is not None
        return row

    async def forget_session(self, workspace_id: str, session_id: str) -> int:
        """Erases what a session was shown, and what became of it; returns the rows that went. What was to be announced
        of it is not any more: when this returns it is erased or on the bus."""
        async with self._database.transaction() as connection:
            erased = sum(
                [count_in(await connection.execute(erase, workspace_id, session_id)) for erase in queries.ERASE_SESSION]
            )
            await connection.execute(queries.DROP_PREPARATIONS, workspace_id)
            # Last, when what was being learnt of the session is through.
            await OUTBOX.erase(connection, workspace_id, "", session_id)
            return erased

    async def forget_project(self, workspace_id: str, project_id: str) -> int:
        """Erases a project's packets and what its sessions were shown; returns the rows that went."""
        async with self._database.transaction() as connection:
            erased = sum(
                [count_in(await connection.execute(erase, workspace_id, project_id)) for erase in queries.ERASE_PROJECT]
            )
            await OUTBOX.erase(connection, workspace_id, project_id, "")
            return erased


def shown_keys(packet_id: str, moment: moment_pb2.Moment, *, refused: bool) -> list[str]:
    """Under which keys the gate's state remembers that a packet was shown (spark.packets.v1.Shown)."""
    failed = moment.kind == moment_pb2.MOMENT_KIND_CALL_FAILED
    keys = [f"{packet_id}/failure" if failed else f"{packet_id}/ahead"]
    if moment.call.tool_use_id:
        keys.append(f"{packet_id}#{moment.call.tool_use_id}")
    return [*keys, f"{packet_id}/refused"] if refused else keys


def moment_key(event_id: str) -> tuple[str, ...]:
    """Under which key it is remembered that something was shown at a moment; none for one without an id."""
    return (f"{MOMENT}{event_id}",) if event_id else ()


async def materialise(connection: asyncpg.Connection, lesson: lesson_pb2.Lesson) -> None:
    """Makes or changes the packet of a lesson, or takes it out of use."""
    workspace, lesson_id = lesson.workspace_id, lesson.lesson_id
    if lesson.state == lesson_pb2.LESSON_STATE_ACTIVE:
        await store(connection, workspace, packet_of(lesson))
    elif lesson.state == lesson_pb2.LESSON_STATE_FORGOTTEN:
        await connection.execute(queries.DROP_KEYS, workspace, lesson_id)
        await connection.execute(
            "delete from packets.packet where workspace_id = $1 and packet_id = $2", workspace, lesson_id
        )
    else:
        reason = lesson.retired_reason or "retired"
        if await connection.fetchval(queries.INVALIDATE, workspace, lesson_id, reason, lesson.revision):
            await connection.execute(queries.DROP_KEYS, workspace, lesson_id)


async def store(connection: asyncpg.Connection, workspace_id: str, packet: packets_pb2.Packet) -> bool:
    """Writes a packet and files it; False when a newer revision is there."""
    stored = await connection.fetchval(
        queries.PUT,
        workspace_id,
        packet.packet_id,
        packet.project_id,
        packet.source_mode,
        packet.text,
        packet.confidence,
        brief(packet.lesson).SerializeToString(),
        packet.revision,
        to_datetime(packet.fresh_until),
        remedy_of(packet.lesson),
        file_of(packet.lesson),
        last_seen(packet.lesson),
    )
    if stored is None:
        return False
    filed = keys_of(packet.lesson)
    await connection.execute(queries.DROP_KEYS, workspace_id, packet.packet_id)
    await connection.execute(
        queries.ADD_KEYS,
        workspace_id,
        packet.packet_id,
        [item.key for item in filed],
        [item.weight for item in filed],
    )
    return True


def brief(lesson: lesson_pb2.Lesson) -> lesson_pb2.Lesson:
    """The lesson as far as a decision needs it: each lookup reads six of them."""
    kept = lesson_pb2.Lesson()
    kept.CopyFrom(lesson)
    for name in ("text", "signature", "tokens", "prompt_tokens", "antecedents", "retired_reason", "input_digest"):
        kept.ClearField(name)
    return kept


def last_seen(lesson: lesson_pb2.Lesson) -> datetime:
    """When what a lesson tells of happened last."""
    return to_datetime(lesson.provenance.last_seen)


def packet_of(lesson: lesson_pb2.Lesson) -> packets_pb2.Packet:
    """The packet that says a lesson."""
    packet = packets_pb2.Packet(
        packet_id=lesson.lesson_id,
        project_id=lesson.project_id,
        source_mode=packets_pb2.SOURCE_MODE_LESSON,
        text=lesson.text,
        confidence=lesson.confidence,
        effectiveness_score=0.5,
        lesson=lesson,
        revision=lesson.revision,
    )
    set_time(packet.fresh_until, last_seen(lesson) + FRESH_FOR)
    return packet


def candidate_from(row: asyncpg.Record, project_id: str, counters: packets_pb2.Counters) -> packets_pb2.Candidate:
    """A row of the lookup as a candidate."""
    packet = packets_pb2.Packet(
        packet_id=row["packet_id"],
        project_id=project_id,
        source_mode=row["source_mode"],
        text=worded(row["text"], row["stage"]),
        confidence=row["confidence"],
        effectiveness_score=row["effectiveness_score"],
        usage_count=row["usage_count"],
        lesson=lesson_pb2.Lesson.FromString(row["lesson"]),
        revision=row["revision"],
        stage=row["stage"],
        counters=counters,
    )
    if packet.stage == WARNING:
        # What it once advised is not advised any more.
        packet.lesson.ClearField("fix")
    set_time(packet.fresh_until, row["fresh_until"])
    match = packets_pb2.MATCH_EXACT if row["exact"] else packets_pb2.MATCH_RELAXED
    return packets_pb2.Candidate(packet=packet, match=match, score=row["score"])


def gate_from(row: asyncpg.Record, packet_ids: Sequence[str], event_id: str) -> packets_pb2.GateState:
    """The gate's state; a session that was never shown anything has version 0.

    Of what was shown only these packets, remedies, general tips and this very moment: a session may have seen a
    hundred others.
    """
    if row["version"] is None:
        return packets_pb2.GateState()
    gate = packets_pb2.GateState(version=row["version"], emitted=row["emitted"])
    in_question = (*packet_ids, GENERAL, REMEDY, *moment_key(event_id))
    for key, stamp in orjson.loads(row["shown"]).items():
        if key.startswith(in_question):
            set_time(gate.shown.add(key=key).at, datetime.fromisoformat(stamp))
    gate.unwanted.extend(
        name for name in row["unwanted"] if name in packet_ids or name.startswith((TOOL, FAILURE, REMEDY))
    )
    for key, stamp in orjson.loads(row["tools"]).items():
        set_time(gate.tools.add(key=key).at, datetime.fromisoformat(stamp))
    return gate
