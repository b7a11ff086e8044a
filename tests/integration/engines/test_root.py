# ruff: noqa: ASYNC240  reads of /proc and of small files, with nothing else to do meanwhile

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from host.engines import Postgres, start_postgres
from host.engines.account import STEP_DOWN
from host.engines.installed import postgres_installations
from tests.integration.engines.conftest import REPOSITORY
from tests.integration.engines.waiting import eventually

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="about root, and this is not root")

ONE_BOOT = """
import asyncio, sys
from pathlib import Path
import asyncpg
from host.engines import EngineError, start_postgres

async def main(home):
    try:
        postgres = await start_postgres(home, home / "run")
    except EngineError as error:
        sys.exit(f"{type(error).__name__}: {error}")
    try:
        connection = await asyncpg.connect(postgres.url)
        print(await connection.fetchval("SELECT 40 + 2"), Path(f"/proc/{postgres.pid}").stat().st_uid)
        await connection.close()
    finally:
        await postgres.stop()

asyncio.run(main(Path(sys.argv[1])))
"""


def _owners_and_modes(*folders: Path) -> dict[Path, tuple[int, int, int]]:
    return {folder: (found.st_uid, found.st_gid, found.st_mode) for folder in folders for found in [folder.stat()]}


async def _powers(postgres: Postgres) -> dict[str, str]:
    lines = Path(f"/proc/{postgres.pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


async def test_under_a_closed_home_without_powers_and_without_touching_anything_else(tmp_path: Path) -> None:
    closed = tmp_path / "root-home"
    closed.mkdir(mode=0o700)
    neighbour = closed / "neighbour"
    neighbour.write_text("mine")
    neighbour.chmod(0o600)
    outside = [closed, neighbour, *closed.parents]
    before = _owners_and_modes(*outside)
    accounts = Path("/etc/passwd").read_bytes()
    data = closed / ".spark"

    postgres = await start_postgres(data, data / "run")
    try:
        assert (await _powers(postgres))["CapEff"].strip("0") == ""
        store = await asyncpg.connect(postgres.url)
        assert await store.fetchval("SELECT 1") == 1
        await store.close()
    finally:
        await postgres.stop()

    assert _owners_and_modes(*outside) == before
    assert {entry.name for entry in closed.iterdir()} == {"neighbour", ".spark"}
    assert Path("/etc/passwd").read_bytes() == accounts
    assert {entry.stat().st_uid for entry in data.rglob("*")} == {0}


async def test_where_there_is_no_unshare_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    postgres = await start_postgres(tmp_path / "data", tmp_path / "data" / "run")
    try:
        assert (await _powers(postgres))["CapEff"].strip("0") == ""
        await (await asyncpg.connect(postgres.url)).close()
    finally:
        await postgres.stop()


RunWithoutNamespaces = Callable[[Path], Awaitable[tuple[int, str, str]]]


@pytest.fixture
def boot_without_namespaces() -> RunWithoutNamespaces:
    """Boots a store once as root in a place where no user namespace may be made."""

    async def boot(home: Path) -> tuple[int, str, str]:
        # A namespace with every account in it, whose own quota of namespaces is nought.
        # Root's powers in it come with the first program that is executed once the accounts are there.
        forbid = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
        process = await asyncio.create_subprocess_exec(
            *("unshare", "--user", "sh", "-c", 'read _; exec "$@"', "sh", "sh", "-c", forbid, "sh"),
            *(sys.executable, "-c", ONE_BOOT, str(home)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        )
        inside = Path(f"/proc/{process.pid}/ns/user")
        await eventually(lambda: inside.readlink() != Path("/proc/self/ns/user").readlink())
        for kind in ("uid", "gid"):
            Path(f"/proc/{process.pid}/{kind}_map").write_text("0 0 65536")
        out, err = await process.communicate(b"\n")
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()

    return boot


@pytest.fixture
def open_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="spark-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


def _reachable_by_all(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in path.parents)


@pytest.mark.skipif(
    not _reachable_by_all(postgres_installations()[0].postgres),
    reason="the installation lies in a folder that no other account can enter",
)
async def test_without_namespaces_it_is_nobody(
    open_folder: Path, boot_without_namespaces: RunWithoutNamespaces
) -> None:
    before = _owners_and_modes(open_folder, *open_folder.parents)
    for _ in range(2):
        status, out, err = await boot_without_namespaces(open_folder / "data")
        assert (status, err) == (0, "")
        answer, uid = out.split()
        assert answer == "42"
        assert int(uid) == (open_folder / "data" / "postgres").stat().st_uid != 0
    assert _owners_and_modes(open_folder, *open_folder.parents) == before

    # The cluster is nobody's from now on, also where namespaces are allowed.
    postgres = await start_postgres(open_folder / "data", open_folder / "data" / "run")
    await postgres.stop()


async def test_without_namespaces_a_closed_folder_is_named(
    tmp_path: Path, boot_without_namespaces: RunWithoutNamespaces
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    status, _, err = await boot_without_namespaces(closed / "data")
    assert status == 1
    assert err.startswith("Unreachable: PostgreSQL refuses to run as root")
    assert "set SPARK_DATABASE_URL" in err


def test_stepping_down_into_a_namespace_loses_power_over_the_files_of_others(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text("secret")
    theirs.chmod(0o600)
    os.chown(theirs, 65534, 65534)
    read = subprocess.run([*STEP_DOWN, "namespace", "1000", "/bin/cat", theirs], capture_output=True, check=False)
    assert read.returncode != 0
    assert b"secret" not in read.stdout
