"""What packets learn: from the advice that was given, and from the calls after it. Each batch is one transaction.

Advice is heard of some 30 ms behind its reply, so that the next call may be back before: each agent session keeps its
last calls, and late advice is followed through those that came after it. Whatever comes again changes nothing: advice
is known by its id, and remembers the calls that it was followed through.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import asyncpg

from chassis.clock import Clock
from chassis.consumer import Delivery
from chassis.database import Database
from chassis.events import event_type
from chassis.timestamps import to_datetime
from services.packets import advice_queries as queries
from services.packets import ledger, scoring
from services.packets.effectiveness import evidence_of
from services.packets.ledger import Agent, Entry, agent_of
from services.packets.outcomes import CALLS_KEPT, FOLLOWED_FAILED, OPEN, UNKNOWN, Call, follow
from services.packets.standing import Came, came
from services.packets.wire import CAME_BACK, Place, call_from, edited_file, given_in, place_of
from spark.moment.v1 import moment_pb2
from spark.router.v1 import router_pb2

DECIDED = event_type(router_pb2.AdviceDecided)
OBSERVED = event_type(moment_pb2.MomentObserved)
KINDS = ("call_succeeded", "call_failed", "call_rejected", "session_ended")
OUTCOMES = [f"{OBSERVED.subject}.*.*.*.{kind}" for kind in KINDS]
"""Workspace, project and session stand before the kind."""

QUIET = timedelta(hours=1)
"""A session without a call for so long will not say any more what became of its advice."""
KEPT = timedelta(days=14)
"""As long as the decisions that gave it."""
SWEEP_EVERY = timedelta(minutes=10)


class Learning:
    """Follows advice to its outcome, and scores packets by it."""

    def __init__(
        self, database: Database, clock: Clock, half_life: timedelta, announced: Callable[[], None] = lambda: None
    ) -> None:
        """`announced` is told each time that something may wait in the outbox."""
        self._database = database
        self._clock = clock
        self._half_life = half_life
        self._announced = announced
        self._swept: datetime | None = None

    async def hear_decisions(self, deliveries: Sequence[Delivery]) -> None:
        """Notes advice that was given, and follows it through the calls that are back already.

        Raises:
            StoreUnavailable: when Postgres is away; the batch must come again.
        """
        decisions = [router_pb2.AdviceDecided.FromString(delivery.data) for delivery in deliveries]
        given = [each for decided in decisions for each in given_in(decided)]
        if not given:
            return
        async with self._database.connection() as connection:
            # Before all else and for itself: it takes packets in their order, as scoring does after it.
            await ledger.ensure_packets(connection, [each for each in given if each.made_ahead])
        async with self._database.transaction() as connection:
            recent = await ledger.hold(connection, latest((each.place, each.following.given_at) for each in given))
            entries: dict[tuple[str, str], Entry] = {}
            for each in given:
                calls = recent[agent_of(each.place)]
                entry = followed(Entry(each, each.following.given_at), calls)
                entries[each.place.workspace_id, each.advice_id] = entry
            new = await ledger.add(connection, list(entries.values()), self._clock.now())
            await self._score(connection, new)
            await ledger.count(connection, {}, came_of(new))
        if new:
            self._announced()

    async def hear_moments(self, deliveries: Sequence[Delivery]) -> None:
        """Follows open advice through calls that came back, and takes out of use what an edit has overtaken.

        Raises:
            StoreUnavailable: when Postgres is away; the batch must come again.
        """
        moments = [moment_pb2.MomentObserved.FromString(delivery.data).moment for delivery in deliveries]
        # Nothing is advised while the past is imported.
        lived = [moment for moment in moments if moment.envelope.origin != moment_pb2.ORIGIN_IMPORT]
        if not lived:
            return
        calls = [(place_of(moment.envelope), call_from(moment)) for moment in lived if moment.kind in CAME_BACK]
        ended = {
            (moment.envelope.workspace_id, moment.envelope.session_id): to_datetime(moment.envelope.occurred_at)
            for moment in lived
            if moment.kind == moment_pb2.MOMENT_KIND_SESSION_ENDED
        }
        newest = max(to_datetime(moment.envelope.occurred_at) for moment in lived)
        # Each transaction takes advice, then packets at once and in their order, then the counts of projects: two
        # learners that took them otherwise would wait for each other.
        async with self._database.transaction() as connection:
            new, changed = await self._follow(connection, calls) if calls else ([], [])
            closed = await self._close(connection, await ledger.open_of_sessions(connection, ended)) if ended else []
            await self._score(connection, [*changed, *closed])
            await ledger.count(connection, Counter(new), came_of(changed))
        if changed or closed:
            self._announced()
        edits = edits_in(lived)
        if edits:
            async with self._database.transaction() as connection:
                await ledger.invalidate_edited(connection, edits)
        # By the time of what is heard: in a replay of the past, what is new there must not be swept.
        await self._sweep(min(self._clock.now(), newest))

    async def _follow(
        self, connection: asyncpg.Connection, calls: Sequence[tuple[Place, Call]]
    ) -> tuple[list[ledger.Project], list[Entry]]:
        """Follows open advice through calls; returns the project of each that did not come before, and the advice that
        changed."""
        recent = await ledger.hold(connection, latest((place, call.at) for place, call in calls))
        came: dict[Agent, list[Call]] = defaultdict(list)
        for place, call in calls:
            came[agent_of(place)].append(call)
        before = await ledger.open_of_agents(connection, came)
        now = [followed(entry, came[agent_of(entry.given.place)]) for entry in before]
        changed = [entry for entry, old in zip(now, before, strict=True) if entry != old]
        await ledger.write_calls(connection, {agent: last([*recent[agent], *new]) for agent, new in came.items()})
        if changed:
            await ledger.write(connection, changed, self._clock.now())
        first = {(agent_of(place), call.call_id): (place, call) for place, call in calls}
        new = [place for place, call in first.values() if is_new(call, recent[agent_of(place)])]
        return [(place.workspace_id, place.project_id) for place in new], changed

    async def _score(self, connection: asyncpg.Connection, entries: Sequence[Entry]) -> None:
        decided = [entry for entry in entries if entry.given.following.state != OPEN]
        await scoring.apply(connection, [change_by(entry) for entry in decided], self._half_life)
        harmed = [entry.given.place for entry in decided if entry.given.following.state == FOLLOWED_FAILED]
        await ledger.mark_unwanted(connection, ((place.workspace_id, place.session_id) for place in harmed))

    async def _sweep(self, now: datetime) -> None:
        if self._swept is not None and now - self._swept < SWEEP_EVERY:
            return
        async with self._database.transaction() as connection:
            closed = await self._close(connection, await ledger.open_and_quiet(connection, now - QUIET))
            await self._score(connection, closed)
        if closed:
            self._announced()
        async with self._database.transaction() as connection:
            await connection.execute(queries.SWEEP_CALLS, now - QUIET)
            await connection.execute(queries.SWEEP_ADVICE, now - KEPT)
            await connection.execute(queries.SWEEP_MADE_AHEAD, now)
        async with self._database.transaction() as connection:
            await scoring.refresh(connection, now, self._half_life)
        self._swept = now

    async def _close(self, connection: asyncpg.Connection, entries: Sequence[Entry]) -> list[Entry]:
        """Ends advice of which nobody will tell any more what became of it; returns it as it stands then."""
        closed = [
            replace(entry, given=replace(entry.given, following=replace(entry.given.following, state=UNKNOWN)))
            for entry in entries
        ]
        if closed:
            await ledger.write(connection, closed, self._clock.now())
        return closed


def followed(entry: Entry, calls: Sequence[Call]) -> Entry:
    """Advice after calls of its session."""
    advice = follow(entry.given.following, calls)
    if advice == entry.given.following:
        return entry
    touched = max((call.at for call in calls if call.call_id in advice.seen), default=entry.touched_at)
    return Entry(replace(entry.given, following=advice), max(touched, entry.touched_at))


def came_of(entries: Iterable[Entry]) -> dict[ledger.Project, list[Came]]:
    """What is known by now to have come of pieces, by project."""
    found: dict[ledger.Project, list[Came]] = defaultdict(list)
    for given in (entry.given for entry in entries):
        piece = came((given.occasion, given.source), given.following.state)
        if piece is not None:
            found[given.place.workspace_id, given.place.project_id].append(piece)
    return found


def change_by(entry: Entry) -> scoring.Change:
    """What an outcome means for the packet."""
    given, advice = entry.given, entry.given.following
    evidence = evidence_of(advice.state, advice.blame)
    counter = scoring.COUNTER_OF_STATE[advice.state]
    return scoring.Change(given.place.workspace_id, given.packet_id, entry.touched_at, evidence, counter)


def is_new(call: Call, recent: Sequence[Call]) -> bool:
    """Whether a call did not come before; one from before all that are remembered did."""
    if any(call.call_id == each.call_id for each in recent):
        return False
    return len(recent) < CALLS_KEPT or call.at > recent[0].at


def last(calls: Sequence[Call]) -> list[Call]:
    """The last calls of a session, each once, in their order."""
    by_id = {call.call_id: call for call in calls}
    return sorted(by_id.values(), key=lambda call: (call.at, call.call_id))[-CALLS_KEPT:]


def latest(seen: Iterable[tuple[Place, datetime]]) -> dict[Place, datetime]:
    """When each place was seen last."""
    times: dict[Place, datetime] = {}
    for place, at in seen:
        times[place] = max(at, times.get(place, at))
    return times


def edits_in(moments: Sequence[moment_pb2.Moment]) -> dict[tuple[str, str, str], datetime]:
    """When each file (workspace, project, path) was edited last."""
    edits: dict[tuple[str, str, str], datetime] = {}
    for moment in moments:
        file, envelope = edited_file(moment), moment.envelope
        if file:
            key, at = (envelope.workspace_id, envelope.project_id, file), to_datetime(envelope.occurred_at)
            edits[key] = max(at, edits.get(key, at))
    return edits
