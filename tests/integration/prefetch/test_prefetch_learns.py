"""What prefetch keeps on a real Postgres: each event once, by one replica or two, and nothing of what is forgotten."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import orjson
import pytest

from chassis.bus import Bus
from chassis.consumer import Delivery
from chassis.database import Database
from chassis.faults import StoreUnavailable
from chassis.migrating import migrate
from chassis.migrations import read_migrations, role_of
from services.prefetch import postgres
from services.prefetch.events import Requests
from services.prefetch.library import QUIET_SESSION, UNSEEN_CONTEXT, Library
from services.prefetch.model import Place
from services.prefetch.performance import Performance
from spark.moment.v1 import moment_pb2 as m
from spark.packets.v1 import packets_pb2
from tests.integration.prefetch.world import OTHER_PROJECT, PROJECT, START, Agent

TABLES = ("tally", "group_history", "project", "session", "example", "foretold")


@dataclass
class SetClock:
    """A clock that stands where a test puts it."""

    time: datetime = START + timedelta(hours=2)

    def now(self) -> datetime:
        return self.time


@dataclass
class Kept:
    """Libraries over one database, and what lies there."""

    database: Database
    bus: Bus
    clock: SetClock

    def library(self, allowed_noise: float = 100.0) -> Library:
        """Another replica."""
        return Library(self.database, Requests(self.bus, active=False), Performance(), self.clock, allowed_noise)

    async def rows(self, table: str) -> list[dict[str, Any]]:
        order = {"example": "id", "project": "project_id", "foretold": "session_id, agent_id, at"}.get(table, "1, 2, 3")
        async with self.database.connection() as connection:
            found = await connection.fetch(f"select * from prefetch.{table} order by {order}")
        return [dict(row) for row in found]

    async def all(self) -> dict[str, list[dict[str, Any]]]:
        """All that is known but versions, ids, and weights with what follows from them, which are kept rounded."""
        found = {table: await self.rows(table) for table in TABLES}
        for row in found["project"]:
            stored = orjson.loads(row["body"])
            row["body"] = (sorted(stored["weights"]), stored["curve"], stored["calls"])
        passing = {"version", "id", "failure"}
        return {
            table: [{name: value for name, value in row.items() if name not in passing} for row in rows]
            for table, rows in found.items()
        }

    async def text(self) -> bytes:
        """All that is stored, to look for words in."""
        return repr(await self.all()).encode()


@pytest.fixture
async def kept(database_url: str, bus_url: str) -> AsyncGenerator[Kept]:
    await migrate(database_url, "prefetch", read_migrations("services.prefetch"))
    database, bus = Database(database_url, role=role_of("prefetch"), size=3), await Bus.connect(bus_url)
    yield Kept(database, bus, SetClock())
    await bus.close()
    await database.close()


def heard(*moments: m.Moment, first: int = 1) -> list[Delivery]:
    """Moments as they come off the bus."""
    return [
        Delivery(m.MomentObserved(moment=moment).SerializeToString(), number, "")
        for number, moment in enumerate(moments, first)
    ]


def worked_out(agent: Agent, times: int = 3) -> list[m.Moment]:
    """A session in which a command fails and then works."""
    return [
        moment
        for _ in range(times)
        for moment in (
            agent.prompts("run", "tests"),
            agent.calls("ls src"),
            agent.fails("make test --a"),
            agent.calls("make test --b"),
        )
    ]


async def prepared(library: Library, session: str, project: str = PROJECT) -> packets_pb2.Preparation | None:
    return await library.prepare(Place("local", project, session, ""), START, for_beginnings=False)


async def test_a_batch_that_comes_again_changes_nothing(kept: Kept) -> None:
    library, batch = kept.library(), heard(*worked_out(Agent("one")))
    await library.hear(batch)
    once = await kept.all()
    await library.hear(batch)
    await library.hear(batch[-3:])
    # So does one that another replica is given after this one died, and an import of the same session.
    await kept.library().hear(batch)
    calls = [each for each in worked_out(Agent("one")) if each.kind != m.MOMENT_KIND_PROMPT_SUBMITTED]
    await library.hear(heard(*calls, first=50_000))
    assert await kept.all() == once
    assert [len(once[table]) for table in ("session", "group_history", "foretold")] == [1, 1, 9]


async def test_two_replicas_in_turn_learn_what_one_does(kept: Kept) -> None:
    agents = [Agent(f"s{number}", agent="sub" if number == 2 else "") for number in range(4)]
    batches: list[Sequence[Delivery]] = []
    for agent in agents:
        moments = worked_out(agent, 4)
        batches += [heard(*moments[:5], first=20 * len(batches) + 1), heard(*moments[5:], first=20 * len(batches) + 6)]
    replicas = [kept.library(), kept.library()]
    for number, batch in enumerate(batches):
        await replicas[number % 2].hear(batch)
        # Who does not learn has read what is known, and must not believe it for ever.
        await prepared(replicas[(number + 1) % 2], "s0")
    batches.append(heard(*agents[1].goes_on(), first=20 * len(batches) + 1))
    await replicas[0].hear(batches[-1])
    by_two = await kept.all()
    async with kept.database.transaction() as connection:
        for table in TABLES:
            await connection.execute(f"delete from prefetch.{table}")
    alone = kept.library()
    for batch in batches:
        await alone.hear(batch)
    assert await kept.all() == by_two
    found = [await prepared(library, "s1") for library in (*replicas, alone)]
    assert found[0] == found[1] == found[2]
    assert found[0] is not None
    assert found[0].packets[0].text.startswith("`make test` failed 16 of 32 times here")


async def test_what_could_not_be_stored_is_not_in_mind_either(kept: Kept, database_url: str) -> None:
    library, agent = kept.library(), Agent("one")
    first, second = heard(*worked_out(agent)), heard(*worked_out(agent), first=13)
    await library.hear(first)
    blocker = await asyncpg.connect(database_url)
    await blocker.execute("alter table prefetch.foretold rename to away")
    # The table that is written last is gone: by then all is learnt in mind.
    with pytest.raises(asyncpg.UndefinedTableError):
        await library.hear(second)
    await blocker.execute("alter table prefetch.away rename to foretold")
    await blocker.close()
    await library.hear(second)
    after = await kept.all()
    async with kept.database.transaction() as connection:
        for table in TABLES:
            await connection.execute(f"delete from prefetch.{table}")
    other = kept.library()
    await other.hear(first)
    await other.hear(second)
    assert await kept.all() == after


async def test_a_forgotten_session_leaves_counts_and_none_of_its_words(kept: Kept) -> None:
    library = kept.library()
    one, zebra = Agent("one"), Agent("zebra")
    await library.hear(heard(*worked_out(one), *one.goes_on()))
    moments = [zebra.fails("make test --zebra", signature="no such zebra"), zebra.calls("make test --quagga")]
    await library.hear(heard(*moments, first=30))
    found = await prepared(library, "one")
    assert found is not None
    assert "zebra" in found.packets[0].text
    assert "quagga" in found.packets[0].text
    other = kept.library()
    await prepared(other, "one")
    assert await library.forget_session("local", "zebra") > 0
    left = await kept.text()
    assert (b"zebra" in left, b"quagga" in left) == (False, False)
    for replica in (library, other):
        found = await prepared(replica, "one")
        assert found is not None
        assert found.packets[0].text.startswith("`make test` failed 4 of 8 times here")
        assert not any(word in found.packets[0].text for word in ("zebra", "quagga"))
        # A job that still waits comes to nothing.
        assert await prepared(replica, "zebra") is None


async def test_a_forgotten_project_is_forgotten_by_all_replicas_and_others_stay(kept: Kept) -> None:
    one, two = kept.library(), kept.library()
    await one.hear(heard(*worked_out(Agent("one"))))
    await one.hear(heard(*worked_out(Agent("else", OTHER_PROJECT)), first=20))
    await prepared(two, "one")
    await one.forget_project("local", PROJECT)
    rows = await kept.all()
    assert {row["project_id"] for table in TABLES for row in rows[table]} == {OTHER_PROJECT}
    for library in (one, two):
        assert await library.prepare(Place("local", PROJECT, "one", ""), START, for_beginnings=True) is None
        assert await prepared(library, "else", OTHER_PROJECT) is not None
    # As many batches as there were before it was forgotten do not bring back what the other had in mind.
    await one.hear(heard(*worked_out(Agent("new"), 1), first=40))
    found = await prepared(two, "new")
    assert found is not None
    await two.hear(heard(Agent("newer").fails("make test --a"), first=60))
    (history,) = [row for row in await kept.rows("group_history") if row["project_id"] == PROJECT]
    assert orjson.loads(history["body"])["failures"] == 2


async def test_what_is_old_is_swept(kept: Kept) -> None:
    await kept.library().hear(heard(*worked_out(Agent("old"))))
    before = await kept.rows("tally")
    later = QUIET_SESSION + timedelta(days=1)
    kept.clock.time += later
    await kept.library().hear(heard(*worked_out(Agent("new", at=START + later)), first=50))
    assert [row["session_id"] for row in await kept.rows("session")] == ["new"]
    assert {row["session_id"] for row in await kept.rows("foretold")} == {"new"}
    assert {row["session_id"] for row in await kept.rows("example")} == {"old", "new"}
    assert len(await kept.rows("tally")) >= len(before)
    later = UNSEEN_CONTEXT + timedelta(days=30)
    kept.clock.time = START + later
    await kept.library().hear(heard(Agent("newest", at=START + later).calls("other call"), first=90))
    assert {row["session_id"] for row in await kept.rows("example")} == set()
    assert len(await kept.rows("tally")) < len(before)
    assert len(await kept.rows("group_history")) == 1, "how often it failed is still known"


async def test_a_replay_of_the_past_is_not_swept_while_it_runs(kept: Kept) -> None:
    kept.clock.time = START + timedelta(days=400)
    library = kept.library()
    await library.hear(heard(*worked_out(Agent("past"))))
    later = START + UNSEEN_CONTEXT
    await kept.library().hear(heard(*worked_out(Agent("past too", at=later)), first=50))
    assert len(await kept.rows("foretold")) == 18


async def test_only_the_newest_examples_are_kept(kept: Kept) -> None:
    await kept.library().hear(heard(*worked_out(Agent("one"), 20)))
    owner = ("local", PROJECT)
    async with kept.database.transaction() as connection:
        newest = await postgres.read_examples(connection, owner, "Bash|make test", "", 10)
        await postgres.add_examples(connection, owner, newest[-1:], 10, kept.clock.now())
        assert await postgres.read_examples(connection, owner, "Bash|make test", "", 99) == [*newest[1:], newest[-1]]


async def test_without_postgres_it_says_so(kept: Kept) -> None:
    library = kept.library()
    await kept.database.close()
    with pytest.raises(StoreUnavailable):
        await library.hear(heard(Agent("one").calls("ls")))


async def test_what_else_is_said_in_vain_leaves_less_for_forecasts(kept: Kept) -> None:
    library = kept.library(allowed_noise=5.0)
    await library.hear(heard(*worked_out(Agent("one"))))
    thresholds: list[float] = []
    for noise in (0.0, 2.0, 3.0, 30.0, 300.0):
        library.heard_of_noise(Place("local", PROJECT, "one", ""), noise)
        found = await prepared(library, "one")
        assert found is not None
        thresholds.append(found.threshold)
    assert 0 < thresholds[0] < thresholds[1] < thresholds[2] < thresholds[3] == thresholds[4] == 1
