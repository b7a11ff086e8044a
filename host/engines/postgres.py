"""The embedded PostgreSQL: one cluster in the data folder, reached through a Unix socket of this user's alone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

import asyncpg

from host.engines.account import Account, account_for
from host.engines.engine import Engine
from host.engines.faults import EngineFailed, WrongMajor
from host.engines.folders import made, socket_folder
from host.engines.installed import PostgresBinaries, postgres_installations
from host.engines.processes import arguments, at_work_in, end, pid_in

SUPERUSER = "spark"
DATABASE = "spark"
SOCKET = ".s.PGSQL.5432"
FRESH = "postgres.new-"

# On the command line rather than in a file of the cluster, so that a later version of Spark can change them.
OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    # Lean: idles at about 10 MB (PSS). One user's work is small, and a helper process costs more than it brings.
    "shared_buffers": "16MB",
    "max_connections": "40",
    "huge_pages": "off",
    "jit": "off",
    "max_worker_processes": "2",
    "max_parallel_workers_per_gather": "0",
    "max_logical_replication_workers": "0",
    "autovacuum_max_workers": "1",
    # A first import fills empty tables; until they are analysed, statements go by the wrong index.
    "autovacuum_naptime": "15s",
    "maintenance_work_mem": "32MB",
    # No replica and no archive: the least that survives a power cut.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "min_wal_size": "32MB",
    "max_wal_size": "256MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # The log must not hold what users stored: no statements, and no DETAIL line, which quotes values.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}
OPTIONS_FROM_18 = {"io_method": "sync"}


class Postgres(Engine):
    """A running PostgreSQL; `url` is a DSN for asyncpg."""

    def __init__(
        self, data: Path, installed: PostgresBinaries, account: Account, sockets: Path, superuser: str
    ) -> None:
        super().__init__("postgres", data / "logs" / "postgres.log")
        self._cluster = data / "postgres"
        self._installed = installed
        self._account = account
        self._sockets = sockets
        self._superuser = superuser

    @property
    def url(self) -> str:
        return self._dsn(DATABASE)

    async def stop(self) -> None:
        await super().stop()
        # It may lie outside the data folder, where nothing is to be left behind.
        with contextlib.suppress(OSError):
            self._sockets.rmdir()

    def _dsn(self, database: str) -> str:
        return f"postgresql://{quote(self._superuser, safe='')}@/{database}?host={quote(str(self._sockets), safe='/')}"

    async def _boot(self) -> None:
        await end(self._leftovers)
        for stale in (self._sockets / SOCKET, self._sockets / f"{SOCKET}.lock"):
            stale.unlink(missing_ok=True)
        if not (self._cluster / "PG_VERSION").exists():
            await self._initialise()
        # The pid of a dead server may have been given to another process since; PostgreSQL, which cannot tell, would
        # refuse to start. It disregards this one pid, and still checks for shared memory in use.
        stale_pid = pid_in(self._cluster / "postmaster.pid")
        environment = {} if stale_pid is None else {"PG_GRANDPARENT_PID": str(stale_pid)}
        guarded = await self._spawn([*self._account.prefix, *self._command()], environment)
        while not self._says_ready(guarded.pid):
            self._require_alive(guarded)
            await asyncio.sleep(0.003)
        await self._ensure_database()

    def _command(self) -> list[str]:
        directory = '"' + str(self._sockets).replace('"', '""') + '"'
        options = {**OPTIONS, "unix_socket_directories": directory}
        if self._installed.major >= 18:
            options |= OPTIONS_FROM_18
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        return [str(self._installed.postgres), "-D", str(self._cluster), *words]

    def _leftovers(self) -> list[int]:
        pid = pid_in(self._cluster / "postmaster.pid")
        if pid is None:
            return []
        # Backends of a killed server live on until they look up from their work, and hold its shared memory.
        found = set(at_work_in(self._cluster, "postgres"))
        words = arguments(pid)
        if words and Path(words[0]).name == "postgres" and str(self._cluster) in words:
            found.add(pid)
        return sorted(found)

    def _says_ready(self, pid: int) -> bool:
        # The eighth line of postmaster.pid is the server's state.
        with contextlib.suppress(FileNotFoundError):
            lines = (self._cluster / "postmaster.pid").read_text().splitlines()
            return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"
        return False

    async def _ensure_database(self) -> None:
        try:
            try:
                connection = await asyncpg.connect(self.url)
            except asyncpg.InvalidCatalogNameError:
                connection = await asyncpg.connect(self._dsn("postgres"))
                await connection.execute(f'CREATE DATABASE "{DATABASE}"')
            await connection.close()
        except asyncpg.PostgresError as error:
            raise EngineFailed(f"postgres does not take a connection: {error}") from error

    async def _initialise(self) -> None:
        # Made beside its place and moved there when complete: a first boot that is cut off is simply done again, under
        # a new name, since what was cut off may still be tidying up after itself.
        for half_made in self._cluster.parent.glob(f"{FRESH}*"):
            shutil.rmtree(half_made, ignore_errors=True)
        fresh = tempfile.mkdtemp(prefix=FRESH, dir=self._cluster.parent)
        os.chown(fresh, self._account.uid, -1)
        guarded = await self._spawn(
            [
                *self._account.prefix,
                str(self._installed.initdb),
                *("-D", fresh, "-U", self._superuser, "-E", "UTF8", *self._locale()),
                # The socket lies in a folder that no one else can enter.
                *("--auth-local=trust", "--auth-host=reject", "--no-instructions"),
            ],
            {"TZ": "UTC", "LC_MESSAGES": "C"},
        )
        status = await guarded.wait()
        if status != 0:
            raise EngineFailed(f"initdb ended with status {status}: {self._told()}")
        os.rename(fresh, self._cluster)

    def _locale(self) -> list[str]:
        if self._installed.major >= 17:
            return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        return ["--locale=C", f"--lc-ctype={'UTF-8' if sys.platform == 'darwin' else 'C.UTF-8'}"]


async def start_postgres(
    data: Path, runtime: Path, *, superuser: str = SUPERUSER, binaries: Path | None = None
) -> Postgres:
    """Starts the PostgreSQL of the folder `data`, made on first use, with its socket below `runtime`.

    The caller holds the EngineLock of `data`. `binaries` is the folder of an installation to use in place of those that
    came with Spark. A new cluster is made by the newest major there is, an existing one is run by its own. As root the
    server runs without root's powers; where that takes another account, `data` and `runtime` are opened for passing
    through (mode 0711). Raises EngineMissing, WrongMajor, Unreachable, UnsafeFolder or EngineFailed.
    """
    data, runtime = made(data), made(runtime)
    cluster = data / "postgres"
    installed = _installed_for(cluster, binaries)
    account = account_for(cluster)
    if account.uid != os.geteuid():
        for folder in (data, runtime):
            folder.chmod(folder.stat().st_mode | 0o011)
    sockets = socket_folder(runtime / "pg", SOCKET, owner=account.uid)
    account.check_reach(cluster, sockets, installed.postgres)
    postgres = Postgres(data, installed, account, sockets, superuser)
    await postgres.start()
    return postgres


def _installed_for(cluster: Path, binaries: Path | None) -> PostgresBinaries:
    installed = postgres_installations(binaries)
    try:
        made_by = (cluster / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        return installed[0]
    for installation in installed:
        if str(installation.major) == made_by:
            return installation
    raise WrongMajor(cluster, made_by, [installation.major for installation in installed])
