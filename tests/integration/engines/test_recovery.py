# ruff: noqa: ASYNC240  reads of /proc and of small files, with nothing else to do meanwhile
# pyright: reportUnknownMemberType=false
# nats-py is typed in part only.

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import nats
import nats.errors
import nats.js.errors
import pytest

from host.engines import Engine, EngineExit, Engines, start_engines, start_nats, start_postgres
from tests.integration.engines.conftest import StartOwner
from tests.integration.engines.waiting import descendants, eventually, running


@pytest.fixture
async def exits(engines: Engines) -> AsyncIterator[list[EngineExit]]:
    """What `engines` lose while they are watched."""
    lost: list[EngineExit] = []
    watch = asyncio.create_task(engines.watch(lost.append))
    yield lost
    await engines.stop()
    await watch


def _engine(engines: Engines, name: str) -> Engine:
    return next(engine for engine in engines.running if engine.name == name)


async def _store_a_row(url: str) -> None:
    store = await asyncpg.connect(url)
    await store.execute("CREATE TABLE kept (word text)")
    await store.execute("INSERT INTO kept VALUES ('row')")
    await store.close()


async def _row(url: str) -> str:
    store = await asyncpg.connect(url)
    try:
        return await store.fetchval("SELECT word FROM kept")
    finally:
        await store.close()


async def _store_an_event(url: str) -> None:
    bus = await nats.connect(url)
    await bus.jetstream().add_stream(name="KEPT", subjects=["kept"])
    await bus.jetstream().publish("kept", b"event")
    await bus.close()


async def _event(url: str) -> bytes | None:
    bus = await nats.connect(url)
    try:
        return (await bus.jetstream().get_msg("KEPT", 1)).data
    finally:
        await bus.close()


async def test_no_engine_outlives_a_killed_owner_and_the_next_one_finds_the_data(
    home: Path, start_owner: StartOwner
) -> None:
    owner = await start_owner(home)
    await _store_a_row(owner.database_url)
    await _store_an_event(owner.nats_url)
    tree = descendants(owner.process.pid)
    assert len(tree) > 4

    owner.process.kill()
    killed_at = time.monotonic()
    await eventually(lambda: not any(map(running, tree)), within=5)
    assert time.monotonic() - killed_at < 5

    engines = await start_engines(home)
    try:
        assert await _row(engines.database_url) == "row"
        assert await _event(engines.nats_url) == b"event"
    finally:
        await engines.stop()


async def test_the_next_owner_need_not_wait_for_the_engines_of_the_last(home: Path, start_owner: StartOwner) -> None:
    owner = await start_owner(home)
    await _store_a_row(owner.database_url)
    owner.process.kill()
    await owner.process.wait()
    engines = await start_engines(home)
    try:
        assert await _row(engines.database_url) == "row"
    finally:
        await engines.stop()


async def test_engines_whose_owner_and_guards_were_all_killed_are_replaced(home: Path, start_owner: StartOwner) -> None:
    owner = await start_owner(home)
    await _store_a_row(owner.database_url)
    await _store_an_event(owner.nats_url)
    guards = [pid for pid in descendants(owner.process.pid) if b"guard.py" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert len(guards) == 2
    tree = descendants(owner.process.pid)
    # Stopped first, so that neither can react to the death of the other.
    for pid in (owner.process.pid, *guards):
        os.kill(pid, signal.SIGSTOP)
    for pid in (owner.process.pid, *guards):
        os.kill(pid, signal.SIGKILL)
    await owner.process.wait()
    orphans = [pid for pid in tree if running(pid)]
    assert len(orphans) >= 2

    engines = await start_engines(home)
    try:
        assert not any(map(running, orphans))
        assert await _row(engines.database_url) == "row"
        assert await _event(engines.nats_url) == b"event"
    finally:
        await engines.stop()


async def test_a_killed_store_comes_back_at_the_same_address(engines: Engines, exits: list[EngineExit]) -> None:
    await _store_a_row(engines.database_url)
    postgres = _engine(engines, "postgres")
    killed = postgres.pid
    os.kill(killed, signal.SIGKILL)
    await eventually(lambda: bool(exits))
    assert exits == [EngineExit("postgres", "ended with status 137")]

    async def answers() -> bool:
        with contextlib.suppress(OSError, asyncpg.PostgresError):
            return await _row(engines.database_url) == "row"
        return False

    await eventually(answers)
    assert postgres.pid != killed
    assert postgres.url == engines.database_url


async def test_a_store_killed_while_a_backend_is_busy_comes_back(engines: Engines, exits: list[EngineExit]) -> None:
    busy = await asyncpg.connect(engines.database_url)
    endless = asyncio.create_task(busy.execute("DO $$ BEGIN LOOP END LOOP; END $$"))
    postgres = _engine(engines, "postgres")
    backend = busy.get_server_pid()
    await eventually(lambda: Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()[0] == "R")
    killed = postgres.pid
    os.kill(killed, signal.SIGKILL)
    await eventually(lambda: bool(exits))
    await eventually(lambda: postgres.pid != killed and postgres.alive())
    with pytest.raises((asyncpg.PostgresError, OSError)):
        await endless
    assert not running(backend)
    busy.terminate()


async def test_a_killed_bus_comes_back_at_the_same_address_and_clients_reconnect(
    engines: Engines, exits: list[EngineExit]
) -> None:
    await _store_an_event(engines.nats_url)
    nats_engine = _engine(engines, "nats")
    reconnected = asyncio.Event()

    async def reconnect() -> None:
        reconnected.set()

    async def fault(_: Exception) -> None:
        return None

    bus = await nats.connect(
        engines.nats_url, reconnect_time_wait=0.05, max_reconnect_attempts=-1, reconnected_cb=reconnect, error_cb=fault
    )
    os.kill(nats_engine.pid, signal.SIGKILL)
    await asyncio.wait_for(reconnected.wait(), 10)
    assert (await bus.jetstream().get_msg("KEPT", 1)).data == b"event"
    await bus.close()
    assert exits == [EngineExit("nats", "ended with status 137")]
    assert nats_engine.url == engines.nats_url


async def test_a_killed_guard_does_not_leave_two_engines(engines: Engines, exits: list[EngineExit]) -> None:
    bus = _engine(engines, "nats")
    guarded = bus.pid
    guard = int(Path(f"/proc/{guarded}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(guard, signal.SIGKILL)
    await eventually(lambda: bus.pid != guarded and bus.alive())
    assert not running(guarded)
    assert [lost.engine for lost in exits] == ["nats"]


async def test_a_bus_that_cannot_come_back_can_be_stopped(engines: Engines, home: Path) -> None:
    bus = _engine(engines, "nats")
    lost = asyncio.Event()
    watch = asyncio.create_task(bus.watch(lambda _: lost.set()))
    conf = home / "nats" / "nats.conf"
    conf.unlink()
    conf.mkdir()
    os.kill(bus.pid, signal.SIGKILL)
    await lost.wait()
    await eventually(lambda: not bus.alive())
    await bus.stop()
    await asyncio.wait_for(watch, 2)
    assert not bus.alive()


@pytest.fixture
def bystander() -> Iterator[int]:
    """A process that has nothing to do with Spark."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process.pid
        assert process.poll() is None, "a process that is not ours was ended"
        process.kill()


@pytest.mark.parametrize("file", ["postgres/postmaster.pid", "nats/nats.pid"])
async def test_a_stale_pid_file_that_names_another_process(home: Path, bystander: int, file: str) -> None:
    engines = await start_engines(home)
    await _store_a_row(engines.database_url)
    pids = [engine.pid for engine in engines.running]
    left_behind = (home / file).read_text()
    await engines.stop()
    (home / file).write_text("\n".join([str(bystander), *left_behind.split("\n")[1:]]))

    engines = await start_engines(home)
    try:
        assert await _row(engines.database_url) == "row"
        assert not set(pids) & {engine.pid for engine in engines.running}
    finally:
        await engines.stop()


async def test_a_stale_socket_and_its_lock_file(home: Path, bystander: int) -> None:
    postgres = await start_postgres(home, home / "run")
    await postgres.stop()
    sockets = home / "run" / "pg"
    sockets.mkdir(mode=0o700)
    (sockets / ".s.PGSQL.5432").touch()
    (sockets / ".s.PGSQL.5432.lock").write_text(f"{bystander}\n{home / 'postgres'}\n0\n5432\n{sockets}\n")
    postgres = await start_postgres(home, home / "run")
    try:
        await (await asyncpg.connect(postgres.url)).close()
    finally:
        await postgres.stop()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("no file system can be mounted here: run as root to see a full disk")
    yield disk
    subprocess.run(["umount", disk], check=True)


async def test_a_bus_whose_disk_was_full_works_again_once_there_is_space(small_disk: Path, tmp_path: Path) -> None:
    bus_engine = await start_nats(small_disk / "data", tmp_path / "run")
    watch = asyncio.create_task(bus_engine.watch())
    await _store_an_event(bus_engine.url)

    async def published() -> bool:
        with contextlib.suppress(OSError, nats.errors.Error, nats.js.errors.Error):
            bus = await nats.connect(bus_engine.url, allow_reconnect=False, error_cb=_quietly)
            try:
                await bus.jetstream().publish("kept", b"x" * 50_000, timeout=0.2)
            finally:
                await bus.close()
            return True
        return False

    async def refused() -> bool:
        return not await published()

    filler = small_disk / "filler"
    _fill_up(filler)
    await eventually(refused)
    filler.unlink()
    await eventually(published, within=20)
    assert await _event(bus_engine.url) == b"event"
    await bus_engine.stop()
    await watch


def _fill_up(filler: Path) -> None:
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


async def _quietly(_: Exception) -> None:
    return None
