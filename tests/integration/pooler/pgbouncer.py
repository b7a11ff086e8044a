"""Debian's PgBouncer as a fleet would have it before its database: in transaction mode, with few connections.

1.18 knows nothing of prepared statements: whatever works behind it works behind any later one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import pytest

from host.engines.account import account_for
from tests.integration.system.running_spark import until

PORT = 6432
"""Of the name of its socket: it listens on no port."""
PATIENCE_SECONDS = 5.0

CONFIGURATION = """\
[databases]
* = host={sockets} port=5432

[pgbouncer]
listen_addr =
listen_port = {port}
unix_socket_dir = {folder}
auth_type = trust
auth_file = {folder}/users.txt
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 200
query_wait_timeout = 10
server_login_retry = 1
"""


@dataclass
class PgBouncer:
    """A running PgBouncer; at most `size` connections of a user to a database."""

    folder: Path
    size: int
    process: subprocess.Popen[bytes]

    def url_to(self, database_url: str) -> str:
        """The same database, through it."""
        return urlunsplit(urlsplit(database_url)._replace(query=urlencode({"host": self.folder, "port": PORT})))

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE_SECONDS)


def program() -> Path:
    """Where PgBouncer lies. Where it is missing the test is skipped, but under CI it fails: there it must run."""
    found = Path(sys.prefix) / "pgbouncer" / "usr" / "sbin" / "pgbouncer"
    if not found.exists():
        missing = "PgBouncer is not there: `make pgbouncer`"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    return found


def start_pgbouncer(folder: Path, postgres_url: str, *, size: int, users: tuple[str, ...] = ()) -> PgBouncer:
    """Starts one in a folder, before an embedded Postgres."""
    found = program()
    parts = urlsplit(postgres_url)
    (sockets,) = parse_qs(parts.query)["host"]
    folder.mkdir(mode=0o700)
    names = (parts.username or "spark", *users)
    (folder / "users.txt").write_text("".join(f'"{name}" ""\n' for name in names))
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(CONFIGURATION.format(sockets=sockets, folder=folder, port=PORT, size=size))
    libraries = ":".join(str(path) for path in (found.parents[1] / "lib").iterdir())
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            # It refuses to run as root, as Postgres does.
            [*account_for(folder).prefix, str(found), str(configuration)],
            env={**os.environ, "LD_LIBRARY_PATH": libraries},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    started = PgBouncer(folder, size, process)
    try:
        until(
            lambda: (folder / f".s.PGSQL.{PORT}").exists() or process.poll() is not None,
            within=PATIENCE_SECONDS,
            what="PgBouncer listens",
        )
        assert process.poll() is None, (folder / "log").read_text()
    except BaseException:
        process.kill()
        process.wait()
        raise
    return started
