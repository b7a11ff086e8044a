# ruff: noqa: ASYNC240  reads of /proc and of small files, with nothing else to do meanwhile
# pyright: reportUnknownMemberType=false
# nats-py is typed in part only.

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

import asyncpg
import nats
import pytest

from host.engines import (
    EngineBusy,
    EngineError,
    EngineFailed,
    EngineLock,
    EngineMissing,
    Engines,
    UnsafeFolder,
    WrongMajor,
    start_engines,
    start_nats,
    start_postgres,
)
from host.engines.folders import socket_folder
from host.engines.installed import postgres_installations
from tests.integration.engines.waiting import descendants, eventually, running


async def test_what_was_stored_is_there_after_a_second_boot(home: Path) -> None:
    engines = await start_engines(home)
    store = await asyncpg.connect(engines.database_url)
    await store.execute("CREATE TABLE kept (word text)")
    await store.execute("INSERT INTO kept VALUES ('Grüße')")
    await store.close()
    bus = await nats.connect(engines.nats_url)
    await bus.jetstream().add_stream(name="KEPT", subjects=["kept"])
    await bus.jetstream().publish("kept", b"event")
    await bus.close()
    await engines.stop()
    assert not engines.alive()

    engines = await start_engines(home)
    try:
        store = await asyncpg.connect(engines.database_url)
        assert await store.fetchval("SELECT word FROM kept") == "Grüße"
        await store.close()
        bus = await nats.connect(engines.nats_url)
        assert (await bus.jetstream().get_msg("KEPT", 1)).data == b"event"
        await bus.close()
    finally:
        await engines.stop()


async def test_the_store_is_durable_private_and_plain_utf8(engines: Engines) -> None:
    store = await asyncpg.connect(engines.database_url)
    rows = await store.fetch("SELECT name, setting FROM pg_settings")
    settings: dict[str, str] = {row["name"]: row["setting"] for row in rows}
    await store.execute("CREATE EXTENSION vector")
    await store.close()
    assert settings["fsync"] == "on"
    assert settings["listen_addresses"] == ""
    assert settings["TimeZone"] == "UTC"
    assert settings["server_encoding"] == "UTF8"
    assert settings["autovacuum"] == "on"
    sockets = Path(settings["unix_socket_directories"].strip('"'))
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700


async def test_the_bus_refuses_a_client_without_the_token(engines: Engines, home: Path) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(engines.nats_url.rpartition(":")[2]))
    assert (await reader.readline()).startswith(b"INFO ")
    writer.write(b'CONNECT {"auth_token": "a guess"}\r\nPING\r\n')
    assert await reader.readline() == b"-ERR 'Authorization Violation'\r\n"
    writer.close()
    await writer.wait_closed()
    for secret in ("token", "nats.conf"):
        assert stat.S_IMODE((home / "nats" / secret).stat().st_mode) == 0o600


async def test_stop_leaves_no_process_and_gives_the_folder_back(home: Path) -> None:
    before = set(descendants(os.getpid()))
    engines = await start_engines(home)
    begun = set(descendants(os.getpid())) - before
    assert len(begun) > 4
    await engines.stop()
    assert not [pid for pid in begun if running(pid)]
    with EngineLock(home) as lock:
        assert lock.held


async def test_a_second_owner_is_told_who_the_first_one_is(engines: Engines, home: Path) -> None:
    with pytest.raises(EngineBusy, match=f"process {os.getpid()}") as refused:
        await start_engines(home)
    assert refused.value.pid == os.getpid()
    assert engines.alive()


async def test_an_engine_given_by_url_is_not_started(home: Path) -> None:
    engines = await start_engines(home, database_url="postgresql://elsewhere/spark")
    try:
        assert [engine.name for engine in engines.running] == ["nats"]
        assert engines.database_url == "postgresql://elsewhere/spark"
        assert not (home / "postgres").exists()
    finally:
        await engines.stop()


async def test_when_one_engine_cannot_start_nothing_is_left_behind(home: Path) -> None:
    before = set(descendants(os.getpid()))
    with pytest.raises(EngineMissing):
        await start_engines(home, nats_binary=home / "no-such-program")
    assert not [pid for pid in set(descendants(os.getpid())) - before if running(pid)]
    with EngineLock(home) as lock:
        assert lock.held


async def test_a_path_too_long_for_a_socket_gets_a_short_private_folder(tmp_path: Path) -> None:
    data = tmp_path / ("long" * 20) / ("longer" * 20)
    postgres = await start_postgres(data, data / "run")
    try:
        store = await asyncpg.connect(postgres.url)
        sockets = Path((await store.fetchval("SHOW unix_socket_directories")).strip('"'))
        await store.close()
        assert data not in sockets.parents
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    finally:
        await postgres.stop()
    assert not sockets.exists()


async def test_a_short_folder_that_someone_else_prepared_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    wanted = tmp_path / ("long" * 40)
    short = socket_folder(wanted, "socket")
    assert short.parent == tmp_path
    short.rmdir()
    short.symlink_to(tmp_path)
    with pytest.raises(UnsafeFolder, match="not a link"):
        socket_folder(wanted, "socket")
    short.unlink()
    short.mkdir()
    short.chmod(0o755)
    with pytest.raises(UnsafeFolder, match="open to other users"):
        socket_folder(wanted, "socket")


async def test_paths_with_spaces_and_quotes(tmp_path: Path) -> None:
    engines = await start_engines(tmp_path / """a "b" 'c' %20ü""")
    try:
        await (await asyncpg.connect(engines.database_url)).close()
        await (await nats.connect(engines.nats_url)).close()
    finally:
        await engines.stop()


async def test_a_cluster_of_a_major_that_is_not_here_is_left_alone(home: Path) -> None:
    cluster = home / "postgres"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("13\n")
    with pytest.raises(WrongMajor, match="made by PostgreSQL 13") as refused:
        await start_postgres(home, home / "run")
    assert isinstance(refused.value, EngineError)
    assert [entry.name for entry in cluster.iterdir()] == ["PG_VERSION"]


async def test_an_existing_cluster_is_run_by_its_own_major(home: Path) -> None:
    oldest = postgres_installations()[-1]
    made = await start_postgres(home, home / "run", binaries=oldest.folder)
    await made.stop()
    again = await start_postgres(home, home / "run")
    try:
        store = await asyncpg.connect(again.url)
        assert store.get_server_version().major == oldest.major
        await store.close()
    finally:
        await again.stop()


async def test_a_first_boot_that_was_cut_off_is_done_again(home: Path) -> None:
    half_made = home / "postgres.new-cut-off"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    postgres = await start_postgres(home, home / "run")
    try:
        await (await asyncpg.connect(postgres.url)).close()
    finally:
        await postgres.stop()
    assert not half_made.exists()


async def test_a_folder_that_holds_something_else_is_not_overwritten(home: Path) -> None:
    (home / "postgres").mkdir(parents=True)
    (home / "postgres" / "letters.txt").write_text("mine")
    with pytest.raises(EngineFailed):
        await start_postgres(home, home / "run")
    assert (home / "postgres" / "letters.txt").read_text() == "mine"


async def test_a_log_that_has_grown_too_large_is_cut(home: Path) -> None:
    log = home / "logs" / "nats.log"
    log.parent.mkdir(parents=True)
    log.write_bytes(b"x" * (6 * 1024 * 1024))
    bus = await start_nats(home, home / "run")
    await bus.stop()
    assert 0 < log.stat().st_size < 100_000


async def test_starting_can_be_cancelled(home: Path) -> None:
    before = set(descendants(os.getpid()))
    starting = asyncio.create_task(start_engines(home))
    await eventually(lambda: bool(set(descendants(os.getpid())) - before))
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not [pid for pid in set(descendants(os.getpid())) - before if running(pid)]
