"""Debian's PgBouncer as a fleet would have it before its database: in transaction mode, with few connections.

1.18 knows nothing of prepared statements: whatever works behind it works behind any later one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from host.engines.account import account_for

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
server_login_retry = 1
"""


class PgBouncerMissing(Exception):
    """There is no PgBouncer on this machine; the message says what to do."""


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


def start_pgbouncer(folder: Path, postgres_url: str, *, size: int) -> PgBouncer:
    """Starts one in a folder, before an embedded Postgres.

    Raises:
        PgBouncerMissing: when there is none here.
    """
    found = Path(sys.prefix) / "pgbouncer" / "usr" / "sbin" / "pgbouncer"
    if not found.exists():
        raise PgBouncerMissing("PgBouncer is not here: run `make pgbouncer`")
    parts = urlsplit(postgres_url)
    (sockets,) = parse_qs(parts.query)["host"]
    folder.mkdir(mode=0o700)
    (folder / "users.txt").write_text(f'"{parts.username}" ""\n')
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
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not (folder / f".s.PGSQL.{PORT}").exists():
        if process.poll() is not None or time.monotonic() > give_up:
            process.kill()
            process.wait()
            raise RuntimeError(f"PgBouncer does not listen: {(folder / 'log').read_text()}")
        time.sleep(0.01)
    return started
