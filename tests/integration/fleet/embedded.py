"""A fleet without containers: `spark serve NAME` processes on embedded engines, with a relay before each address."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil

from host.engines import Nats, Postgres, start_nats, start_postgres
from host.engines.postgres import DATABASE, SOCKET, SUPERUSER
from host.home import read_served
from tests.integration.fleet.fleet import READY_SECONDS, SAID_CHARS, SERVICES, Fleet, for_the_block, until
from tests.integration.fleet.relay import Opened, Relay
from tests.integration.system.running_spark import environment_of, spark_process

STOP_SECONDS = 15.0
AGAIN_SECONDS = 0.2
"""Before a process that ended is started again: what a restart policy waits, too."""
NEXT_VERSION = f"{version('spark-advisory')}.post1"


@dataclass
class Member:
    """A process that carries one service, on a home of its own; `wanted` says whether it is to be started again."""

    service: str
    home: Path
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    wanted: bool = True
    watch: asyncio.Task[None] | None = None

    @property
    def log(self) -> Path:
        return self.home.with_suffix(".log")

    def begin(self) -> None:
        """Starts the process."""
        words = ["serve", self.service, "--grpc-port", "0", "--http-port", "0"]
        self.process = spark_process(self.home, *words, log=self.log, environment=self.environment)

    def running(self) -> subprocess.Popen[bytes]:
        """The process; it was started."""
        assert self.process is not None
        return self.process

    async def keep(self) -> None:
        """Starts the process again whenever it ends, until it is not wanted any more: a restart policy."""
        while True:
            await self.ended()
            if not self.wanted:
                return
            await asyncio.sleep(AGAIN_SECONDS)
            self.begin()

    async def ended(self) -> int:
        """Waits for the process and returns its exit status."""
        process = self.running()
        while (status := process.poll()) is None:
            await asyncio.sleep(0.02)
        return status

    async def end(self) -> int:
        """Asks the process to end; its exit status."""
        self.wanted = False
        self.running().send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                return await self.ended()
        finally:
            self.running().kill()


@dataclass
class Cables:
    """The relays before one service and before the engines as it sees them."""

    own: Relay
    postgres: Relay
    nats: Relay

    @property
    def all(self) -> list[Relay]:
        return [self.own, self.postgres, self.nats]


@dataclass
class EmbeddedFleet(Fleet):
    """Everything in processes of this machine, below one folder."""

    folder: Path
    token: str
    postgres: Postgres
    nats: Nats
    members: dict[str, Member] = field(default_factory=dict[str, Member])
    cables: dict[str, Cables] = field(default_factory=dict[str, Cables])
    front: Relay | None = None

    @classmethod
    async def boot(cls, folder: Path, token: str) -> EmbeddedFleet:
        """Starts it all; returns once every service is ready."""
        postgres, nats = await asyncio.gather(
            start_postgres(folder / "engines", folder / "run"), start_nats(folder / "engines", folder / "run")
        )
        fleet = cls(folder, token, postgres, nats)
        try:
            await fleet._boot()
        except BaseException:
            await fleet.stop()
            raise
        return fleet

    async def _boot(self) -> None:
        for service in SERVICES:
            cables = Cables(Relay(self._grpc(service)), Relay(self._to_postgres), Relay(self._to_nats))
            self.cables[service] = cables
            for each in cables.all:
                await each.start()
        self.front = Relay(self._to_gateway)
        await self.front.start()
        migration = spark_process(
            self._home("migrate"), "migrate", log=self.folder / "migrate.log", environment=self._environment("gateway")
        )
        await Member("migrate", self.folder, {}, migration).ended()
        assert migration.returncode == 0, (self.folder / "migrate.log").read_text()
        for service in SERVICES:
            self.members[service] = self._member(service, service, self._environment(service))
        await self.all_ready()

    async def stop(self) -> None:
        """Ends it all."""
        members = list(self.members.values())
        await asyncio.gather(*(member.end() for member in members), return_exceptions=True)
        for member in members:
            if member.watch is not None:
                member.watch.cancel()
        relays = [each for cables in self.cables.values() for each in cables.all]
        await asyncio.gather(*(relay.stop() for relay in [*relays, *([self.front] if self.front else [])]))
        await asyncio.gather(self.postgres.stop(), self.nats.stop())

    @property
    def database_url(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.postgres.url

    @property
    def nats_url(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.nats.url

    @property
    def gateway(self) -> str:
        assert self.front is not None
        return f"http://127.0.0.1:{self.front.port}"

    def web(self, service: str) -> str | None:
        run = read_served(self.members[service].home, service)
        return run.http if run is not None else None

    async def kill(self, service: str) -> None:
        process = self.members[service].running()
        process.kill()
        await until(lambda: settled(process.poll() is not None), within=STOP_SECONDS)

    def paused(self, service: str) -> AbstractAsyncContextManager[None]:
        process = psutil.Process(self.members[service].running().pid)

        async def suspend() -> None:
            process.suspend()

        async def resume() -> None:
            process.resume()

        return for_the_block(suspend, resume)

    def cut_off(self, service: str) -> AbstractAsyncContextManager[None]:
        async def cut() -> None:
            for relay in self.cables[service].all:
                relay.cut()

        async def join() -> None:
            for relay in self.cables[service].all:
                relay.join()

        return for_the_block(cut, join)

    async def roll(self, service: str) -> str:
        old = self.members[service]
        environment = self._environment(service)
        environment["PYTHONPATH"] = f"{self._next_version()}:{environment_of(self.folder)['PYTHONPATH']}"
        new = self._member(service, f"{service}-next", environment)
        await until(lambda: settled(read_served(new.home, service) is not None), within=READY_SECONDS)
        self.members[service] = new
        assert await old.end() == 0, old.log.read_text()
        return NEXT_VERSION

    def without(self, engine: str) -> AbstractAsyncContextManager[None]:
        running = self.postgres if engine == "postgres" else self.nats
        # Postgres then cuts off whoever is connected, and does not wait for them to go.
        signal_number = signal.SIGINT if engine == "postgres" else signal.SIGTERM

        async def end() -> None:
            os.kill(running.pid, signal_number)
            await until(lambda: settled(not running.alive()), within=STOP_SECONDS)

        return for_the_block(end, running.restart)

    async def run(self, service: str, words: list[str]) -> tuple[int, str]:
        member = self.members[service]
        told = read_served(member.home, service)
        assert told is not None
        port = told.services[service].rpartition(":")[2]
        assert words[0] == "spark"
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "host.cli", *words[1:]),
            env={**environment_of(member.home), "SPARK_GRPC_PORT": port},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        return process.returncode or 0, said.decode().rstrip()

    def said(self, service: str) -> str:
        return self.members[service].log.read_text(errors="replace")[-SAID_CHARS:]

    def _member(self, service: str, name: str, environment: Mapping[str, str]) -> Member:
        member = Member(service, self._home(name), environment)
        member.begin()
        member.watch = asyncio.create_task(member.keep(), name=f"restart policy of {name}")
        return member

    def _home(self, name: str) -> Path:
        home = self.folder / name
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        return home

    def _environment(self, service: str) -> dict[str, str]:
        cables = self.cables[service]
        token = urlsplit(self.nats.url).username
        addresses = {f"SPARK_{other.upper()}_ADDR": f"127.0.0.1:{self.cables[other].own.port}" for other in SERVICES}
        del addresses[f"SPARK_{service.upper()}_ADDR"]
        return {
            **addresses,
            "SPARK_TOKEN": self.token,
            "SPARK_MIGRATE": "0",
            "SPARK_DATABASE_URL": f"postgresql://{SUPERUSER}@127.0.0.1:{cables.postgres.port}/{DATABASE}",
            "SPARK_NATS_URL": f"nats://{token}@127.0.0.1:{cables.nats.port}",
        }

    def _next_version(self) -> Path:
        # What is looked up first on the path says which version is installed.
        folder = self.folder / "next"
        metadata = folder / f"spark_advisory-{NEXT_VERSION}.dist-info" / "METADATA"
        metadata.parent.mkdir(parents=True, exist_ok=True)
        metadata.write_text(f"Metadata-Version: 2.1\nName: spark-advisory\nVersion: {NEXT_VERSION}\n")
        return folder

    def _grpc(self, service: str):
        async def opened() -> Opened:
            run = read_served(self.members[service].home, service)
            return await connected(run.services[service] if run is not None else None)

        return opened

    async def _to_gateway(self) -> Opened:
        web = self.web("gateway")
        return await connected(urlsplit(web).netloc if web else None)

    async def _to_postgres(self) -> Opened:
        (folder,) = parse_qs(urlsplit(self.postgres.url).query)["host"]
        return await asyncio.open_unix_connection(f"{folder}/{SOCKET}")

    async def _to_nats(self) -> Opened:
        return await connected(urlsplit(self.nats.url).netloc.rpartition("@")[2])


async def connected(address: str | None) -> Opened:
    """A connection to `host:port`.

    Raises:
        OSError: when nobody is there.
    """
    if address is None:
        raise ConnectionRefusedError("it does not run")
    host, _, port = address.rpartition(":")
    return await asyncio.open_connection(host, int(port))


async def settled(value: bool) -> bool:
    """A value that is known, for those that wait for one."""
    return value
