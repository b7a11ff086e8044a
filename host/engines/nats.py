"""The embedded NATS server with JetStream, on a loopback port of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from chassis.guarded import Guarded
from host.engines.engine import Engine
from host.engines.folders import made, private_folder
from host.engines.installed import nats_server
from host.engines.processes import arguments, end, pid_in

ANY_PORT = -1
HEALTH_TIMEOUT_S = 2.0
# Go gives memory back late; this makes it collect earlier than it would with a heap this small.
GO_LIMITS = {"GOMEMLIMIT": "64MiB", "GOGC": "50"}


class Nats(Engine):
    """A running nats-server; `url` carries the token. A restart keeps the port, so that clients reconnect."""

    def __init__(self, data: Path, runtime: Path, binary: Path) -> None:
        super().__init__("nats", data / "logs" / "nats.log")
        self._folder = private_folder(data / "nats")
        self._runtime = private_folder(runtime / "nats")
        self._binary = binary
        self._token = _token(self._folder / "token")
        # The monitoring pages ask for no token, so that their path is the secret.
        self._monitoring_path = "/" + secrets.token_hex(16)
        self._port = ANY_PORT
        self._monitoring_port = ANY_PORT

    @property
    def url(self) -> str:
        return f"nats://{self._token}@127.0.0.1:{self._port}"

    async def healthy(self) -> bool:
        """False also for a stream that could not be written: it stays unwritable until a restart, even once the disk,
        full at the time, has space again."""
        if not self.alive():
            return False
        with contextlib.suppress(OSError, TimeoutError):
            return await asyncio.wait_for(self._health(), HEALTH_TIMEOUT_S) != 503
        # No answer says that the machine is busy; it is not a reason to cut off every client.
        return True

    async def _boot(self) -> None:
        await end(self._leftovers)
        for stale in self._runtime.glob("*.ports"):
            stale.unlink()
        _write_private(self._folder / "nats.conf", self._configuration())
        guarded = await self._spawn([str(self._binary), "-c", str(self._folder / "nats.conf")], GO_LIMITS)
        if self._port == ANY_PORT:
            self._port, self._monitoring_port = await self._ports(guarded)
        while not await self._serves():
            self._require_alive(guarded)
            await asyncio.sleep(0.003)

    def _leftovers(self) -> list[int]:
        pid = pid_in(self._folder / "nats.pid")
        return [pid] if pid is not None and str(self._folder / "nats.conf") in arguments(pid) else []

    async def _ports(self, guarded: Guarded) -> tuple[int, int]:
        while True:
            for file in self._runtime.glob(f"*_{guarded.pid}.ports"):
                with contextlib.suppress(json.JSONDecodeError):
                    told: dict[str, list[str]] = json.loads(file.read_text())
                    return _port_of(told["nats"][0]), _port_of(told["monitoring"][0])
            self._require_alive(guarded)
            await asyncio.sleep(0.003)

    async def _serves(self) -> bool:
        with contextlib.suppress(OSError):
            return await self._health() == 200
        return False

    async def _health(self) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._monitoring_port)
        try:
            writer.write(f"GET {self._monitoring_path}/healthz HTTP/1.0\r\n\r\n".encode())
            status = await reader.readline()
        finally:
            writer.close()
        words = status.split()
        return int(words[1]) if len(words) > 1 else 0

    def _configuration(self) -> str:
        return f"""\
server_name: "spark"
listen: "127.0.0.1:{self._port}"
authorization {{ token: {_quoted(self._token)} }}
max_payload: 1MB
http: "127.0.0.1:{self._monitoring_port}"
http_base_path: {_quoted(self._monitoring_path)}
pid_file: {_quoted(str(self._folder / "nats.pid"))}
ports_file_dir: {_quoted(str(self._runtime))}
jetstream {{
  store_dir: {_quoted(str(self._folder))}
  max_memory_store: 16MB
  max_file_store: 2GB
  sync_interval: "1s"
}}
"""


async def start_nats(data: Path, runtime: Path, *, binary: Path | None = None) -> Nats:
    """Starts the NATS server of the folder `data`, made on first use; short-lived files go below `runtime`.

    The caller holds the EngineLock of `data`. `binary` is a nats-server to use in place of Spark's own.
    Raises EngineMissing, UnsafeFolder or EngineFailed.
    """
    nats = Nats(made(data), made(runtime), nats_server(binary))
    await nats.start()
    return nats


def _token(file: Path) -> str:
    with contextlib.suppress(FileNotFoundError):
        if token := file.read_text().strip():
            return token
    token = secrets.token_hex(32)
    _write_private(file, token)
    return token


def _write_private(file: Path, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "w") as opened:
        opened.write(text)


def _port_of(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None, "a ports file names ports"
    return port


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
