"""Memory killed and stopped under 1,000 writes a second: what is lost, what is doubled, what comes back."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from pathlib import Path

import asyncpg

from spark.memory.v1 import conversation_pb2
from tests.integration.memory.conftest import until
from tests.integration.memory.served import Caller, Served, memory_served
from tests.integration.system.running_spark import EXIT_SECONDS

UNDER_LOAD_S = 2.0
LOSES_S = 0.5
SLACK_S = 0.25
"""For a machine that is busy with other tests: a write that begins in time may still end late."""


async def written(database_url: str) -> list[str]:
    """The ids of all entries, as they are ordered, once no statement of a dead process is under way."""
    connection = await asyncpg.connect(database_url)

    async def alone() -> bool:
        others = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        return await connection.fetchval(others) == 0

    await until(alone, "the dead process' connections are gone")
    rows = await connection.fetch("select entry_id from memory.entry order by place")
    await connection.close()
    return [row[0] for row in rows]


async def under_load(served: Served, number: int, session: str) -> float:
    """Speaks at full pace and gives the process a signal in the midst; returns when, monotonic seconds."""
    signalled: list[float] = []

    def strikes() -> None:
        signalled.append(time.monotonic())
        served.process.send_signal(number)

    timer = threading.Timer(UNDER_LOAD_S, strikes)
    timer.start()
    await served.caller.says_until(time.monotonic() + UNDER_LOAD_S + EXIT_SECONDS, session)
    timer.join()
    await asyncio.to_thread(served.process.wait, EXIT_SECONDS)
    return signalled[0]


async def texts(caller: Caller, session: str) -> int:
    """How many entries the conversation has."""
    request = conversation_pb2.ListEntriesRequest(session_id=session)
    return (await caller.stub.ListEntries(request, metadata=caller.metadata, timeout=5)).total


async def test_a_kill_loses_the_last_half_second_at_most_and_doubles_nothing(
    tmp_path: Path, database_url: str, bus_url: str
) -> None:
    async with memory_served(tmp_path / "home", database_url, bus_url) as served:
        killed_at = await under_load(served, signal.SIGKILL, "s1")
        taken = served.caller.taken
    kept = await written(database_url)
    assert len(taken) >= 1000, "it was under load"
    lost = [entry_id for entry_id in taken if entry_id not in set(kept)]
    assert [killed_at - taken[entry_id] for entry_id in lost if killed_at - taken[entry_id] > LOSES_S + SLACK_S] == []
    # What is lost is the end of it: nothing is missing in the midst, and the order is that in which it was said.
    assert [entry_id for entry_id in kept if entry_id in taken] == list(taken)[: len(taken) - len(lost)]

    async with memory_served(tmp_path / "home", database_url, bus_url) as again:
        said = list(taken)
        assert await texts(again.caller, "s1") == len(kept)
        for start in (*range(0, len(said), 100), *range(0, len(said), 100)):
            await again.caller.remembers(said[start : start + 100], "s1")
        assert await texts(again.caller, "s1") == len({*said, *kept})
        asked = conversation_pb2.RecallRequest(session_id="s1", text=f"Whose is {said[0]}?", limit=1)
        found = await again.caller.stub.Recall(asked, metadata=again.caller.metadata, timeout=5)
        assert [hit.entry.entry_id for hit in found.hits] == [said[0]]
        again.process.terminate()
        assert await asyncio.to_thread(again.process.wait, EXIT_SECONDS) == 0
    assert len(await written(database_url)) == len({*said, *kept})


async def test_a_graceful_stop_under_load_loses_nothing(tmp_path: Path, database_url: str, bus_url: str) -> None:
    async with memory_served(tmp_path / "home", database_url, bus_url) as served:
        await under_load(served, signal.SIGTERM, "s1")
        assert served.process.returncode == 0
        taken, said = served.caller.taken, served.log.read_text()
    kept = await written(database_url)
    assert len(taken) >= 1000, "it was under load"
    assert [entry_id for entry_id in kept if entry_id in taken] == list(taken)
    assert "lost" not in said
