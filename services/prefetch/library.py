"""What prefetch can do: learn a batch, prepare, answer at a failure, foresee, forget."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import asyncpg

from chassis.clock import Clock
from chassis.consumer import Delivery
from chassis.database import Database
from services.prefetch import failure_forecast, next_call, postgres
from services.prefetch.events import Requests, heard
from services.prefetch.examples import Example, about
from services.prefetch.follow import heard_before
from services.prefetch.keeping import Keeper
from services.prefetch.learning import Foretold, Knowledge, contexts, learn, needed, needed_shared
from services.prefetch.model import Event, Place, Track
from services.prefetch.performance import Performance
from services.prefetch.postgres import ALL_PROJECTS, Owner
from services.prefetch.preparation import BRANCHES, packet_of_remedy, prepare
from services.prefetch.remedies import Known, remedy_for
from services.prefetch.settings import excess, left_for_forecasts
from services.prefetch.wording import ways_of
from spark.packets.v1 import packets_pb2

EXAMPLES_KEPT = 260
"""Of one group and target: more did not lead to better remedies in recordings."""
QUIET_FROM = 0.25
"""Probability that a failure comes again from which on a quiet Spark still speaks at it."""
OWNERS_KNOWN = 256
"""Projects of which it is kept in mind how much else was said in vain."""
QUIET_SESSION = timedelta(days=14)
SHOWN = 10
"""Calls and failures that `foresee` names."""
UNSEEN_CONTEXT = timedelta(days=180)
"""A context that has not come for two half-lives says nothing any more, nor a call that worked before that."""
SWEEP_EVERY = timedelta(hours=1)

OF_SESSION = ("session", "example", "foretold")
OF_PROJECT = ("session", "example", "foretold", "tally", "group_history", "project")


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What is expected of a session."""

    calls: Sequence[tuple[str, float]]
    failures: Sequence[tuple[str, str, float]]


@dataclass(frozen=True, slots=True)
class Batch:
    """What learning from a batch of one project works on."""

    connection: asyncpg.Connection
    owner: Owner
    project: Knowledge
    shared: Knowledge
    now: datetime
    came: list[tuple[Place, Foretold]]
    """Calls that came back, with what was expected of them."""

    async def read(self, contexts: Collection[str], shared: Collection[str]) -> None:
        """Fills in tallies of the project, and of all projects together."""
        await postgres.read_tallies(self.connection, self.owner, contexts, self.project)
        await postgres.read_tallies(self.connection, (self.owner[0], ALL_PROJECTS), shared, self.shared)

    async def expect(self, event: Event, track: Track) -> None:
        """Notes with the track which calls are likely next."""
        stands = contexts(track, event)
        await self.read(next_call.learnt_in(stands), next_call.shared_in(stands))
        expectation = next_call.Expectation(track, stands, self.project.tallies, self.shared.tallies)
        track.expected_next = expectation.first(BRANCHES)
        track.expected_at = track.index


class Library:
    """What is learnt of sessions and projects."""

    def __init__(
        self,
        database: Database,
        requests: Requests,
        performance: Performance,
        clock: Clock,
        allowed_noise: float,
        *,
        quiet: bool = False,
    ) -> None:
        self._database = database
        self._requests = requests
        self._performance = performance
        self._clock = clock
        self._allowed_noise = allowed_noise
        self._quiet = quiet
        self._keeper = Keeper()
        self._other_noise: dict[Owner, float] = {}
        self._swept: datetime | None = None

    async def hear(self, deliveries: Sequence[Delivery]) -> None:
        """Learns from a batch off the bus, and asks for what follows to be prepared.

        Raises:
            StoreUnavailable: when Postgres is away; the batch must come again.
        """
        events = heard(deliveries)
        if events:
            stood = await self.learn(events)
            await self._requests.ask(stood)

    async def learn(self, events: Sequence[Event]) -> dict[Place, Event]:
        """Learns from events in the order given; returns the newest of each session that somebody may advise.

        A crash may lose what the last second added to the counts, which no forecast would notice; waiting for the disk
        at each call would.

        Raises:
            StoreUnavailable: when Postgres is away.
        """
        now = self._clock.now()
        by_owner: dict[Owner, list[Event]] = {}
        for event in events:
            by_owner.setdefault((event.place.workspace_id, event.place.project_id), []).append(event)
        owners = {*by_owner, *((workspace, ALL_PROJECTS) for workspace, _ in by_owner)}
        known: dict[Owner, Knowledge] = {}
        came: list[tuple[Place, Foretold]] = []
        stood: dict[Place, Event] = {}
        try:
            async with self._database.transaction(durable=False) as connection:
                await postgres.lock(connection, owners)
                for owner in owners:
                    known[owner] = await self._keeper.known(connection, owner)
                for owner, own in by_owner.items():
                    batch = Batch(connection, owner, known[owner], known[owner[0], ALL_PROJECTS], now, came)
                    stood.update(await self._learn_project(batch, own))
                for owner, each in known.items():
                    await postgres.write_project(connection, owner, each, now)
                await self._sweep(connection, now)
        except BaseException:
            self._keeper.forget(owners)
            raise
        for owner, each in known.items():
            self._keeper.written(owner, each)
        for place, foretold in came:
            self._performance.came(place, expected=foretold.expected)
        return stood

    async def _sweep(self, connection: asyncpg.Connection, now: datetime) -> None:
        if self._swept is None or now - self._swept > SWEEP_EVERY:
            await postgres.sweep(connection, now - QUIET_SESSION, now - UNSEEN_CONTEXT)
            self._swept = now

    async def _learn_project(self, batch: Batch, events: Sequence[Event]) -> dict[Place, Event]:
        tracks = await postgres.read_tracks(batch.connection, {event.place for event in events})
        examples: list[Example] = []
        foretold: list[tuple[Place, datetime, Foretold]] = []
        stood: dict[Place, Event] = {}
        for event in events:
            track = tracks.setdefault(event.place, Track())
            if heard_before(track, event):
                continue
            await batch.read(needed(track, event), needed_shared(track, event))
            learnt = learn(track, event, batch.project, batch.shared)
            examples.extend(learnt.examples)
            if learnt.foretold is not None and event.live:
                foretold.append((event.place, event.at, learnt.foretold))
                batch.came.append((event.place, learnt.foretold))
            if event.live:
                await batch.expect(event, track)
                stood[event.place] = event
        await postgres.write_tracks(batch.connection, tracks, batch.now)
        await postgres.add_examples(batch.connection, batch.owner, examples, EXAMPLES_KEPT, batch.now)
        await postgres.add_foretold(batch.connection, foretold, batch.now)
        return stood

    async def prepare(self, place: Place, at: datetime, *, for_beginnings: bool) -> packets_pb2.Preparation | None:
        """What is ready for the next moment of a session, or of any session of its project that begins.

        None where the session, or the project, was forgotten since it was asked for.

        Raises:
            StoreUnavailable: when Postgres is away.
        """
        if for_beginnings:
            place = replace(place, session_id="", agent_id="")
        async with self._database.connection() as connection:
            track = Track() if for_beginnings else (await postgres.read_tracks(connection, [place])).get(place)
            if track is None:
                return None
            coming = track.expected_next[:BRANCHES] if track.expected_at == track.index else ()
            needs = set(failure_forecast.here(track))
            for group in coming:
                after = failure_forecast.outcome_of(group, failed=False)
                needs.update(failure_forecast.contexts_of(after, track.previous(1)))
            project = await self._keeper.known(connection, (place.workspace_id, place.project_id), needs)
        if not project.version:
            return None
        owner = (place.workspace_id, place.project_id)
        others = self._other_noise.get(owner)
        threshold = project.curve.threshold_for(left_for_forecasts(self._allowed_noise, others))
        threshold = min(1.0, threshold * excess(self._allowed_noise, others))
        return prepare(place, track, project, coming, threshold, at)

    def heard_of_noise(self, place: Place, idle_per_100_calls: float) -> None:
        """Takes in how much else was said in vain in a project lately: forecasts have what that leaves."""
        owner = (place.workspace_id, place.project_id)
        self._other_noise.pop(owner, None)
        self._other_noise[owner] = idle_per_100_calls
        if len(self._other_noise) > OWNERS_KNOWN:
            del self._other_noise[next(iter(self._other_noise))]

    async def remedy(self, event: Event) -> tuple[packets_pb2.Packet, float] | None:
        """What worked after failures like one that just happened, and how likely it is to come again; None where
        nothing is known.

        Raises:
            StoreUnavailable: when Postgres is away.
        """
        call = event.call
        assert call is not None
        owner = (event.place.workspace_id, event.place.project_id)
        async with self._database.connection() as connection:
            track = (await postgres.read_tracks(connection, [event.place])).get(event.place, Track())
            project = await self._keeper.known(connection, owner, failure_forecast.here(track))
            history = project.groups.get(call.group)
            known = {call.group: history} if history is not None else {}
            expected = failure_forecast.forecast(track, known, project.tallies, project.calls)
            again = expected[0][1] if expected else 0.0
            if self._quiet and again < QUIET_FROM:
                return None
            kept = await postgres.read_examples(connection, owner, call.group, about(call), EXAMPLES_KEPT)
        tried = [item.shown for item in track.open if item.group == call.group and item.shown != call.shown]
        ways = ways_of(history) if history is not None else []
        found = remedy_for(event, call, Known(kept, tried, track.lately, ways))
        if found is None:
            return None
        named = list(dict.fromkeys((event.failure_class, *ways)))
        return packet_of_remedy(event.place.project_id, call.group, named, found, event.at), again

    async def foresee(self, place: Place) -> Foreseen:
        """What is expected of a session as it stands.

        Raises:
            StoreUnavailable: when Postgres is away.
        """
        owner, shared_owner = (place.workspace_id, place.project_id), (place.workspace_id, ALL_PROJECTS)
        async with self._database.connection() as connection:
            track = (await postgres.read_tracks(connection, [place])).get(place, Track())
            stands = next_call.contexts_of(track, subagent=bool(place.agent_id))
            needs = {*next_call.learnt_in(stands), *failure_forecast.here(track)}
            project = await self._keeper.known(connection, owner, needs)
            shared = await self._keeper.known(connection, shared_owner, next_call.shared_in(stands))
        calls = next_call.Expectation(track, stands, project.tallies, shared.tallies).ranked()
        failures = failure_forecast.forecast(track, project.groups, project.tallies, project.calls)
        named = [
            (
                group,
                max(project.groups[group].classes, key=project.groups[group].classes.__getitem__, default=""),
                share,
            )
            for group, share in failures
        ]
        return Foreseen(calls[:SHOWN], named[:SHOWN])

    async def foretold(self, workspace_id: str, session_id: str) -> list[asyncpg.Record]:
        """What was expected of a session's calls before they came back, in the order in which they came."""
        async with self._database.connection() as connection:
            return await postgres.read_foretold(connection, workspace_id, session_id)

    async def forget_session(self, workspace_id: str, session_id: str) -> int:
        """Erases a session and its words in what is told of groups; the counts to which it added stay.

        Raises:
            StoreUnavailable: when Postgres is away.
        """
        async with self._database.transaction() as connection:
            owners = await postgres.told_from(connection, workspace_id, session_id)
            await postgres.lock(connection, owners)
            for owner in owners:
                project = await postgres.read_project(connection, owner)
                project.changed_groups = {
                    group for group, history in project.groups.items() if history.forget(session_id)
                }
                await postgres.write_project(connection, owner, project, self._clock.now())
            return await postgres.erase(connection, workspace_id, "session_id", session_id, OF_SESSION)

    async def forget_project(self, workspace_id: str, project_id: str) -> int:
        """Erases a project, and what all projects share: nobody can tell which names in it are of this one.

        Raises:
            StoreUnavailable: when Postgres is away.
        """
        owners = [(workspace_id, project_id), (workspace_id, ALL_PROJECTS)]
        async with self._database.transaction() as connection:
            await postgres.lock(connection, owners)
            erased = await postgres.erase(connection, workspace_id, "project_id", project_id, OF_PROJECT)
            await postgres.erase(connection, workspace_id, "project_id", ALL_PROJECTS, OF_PROJECT)
        self._keeper.forget(owners)
        return erased
