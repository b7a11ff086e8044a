"""A fleet of containers by testcontainers: every service and both engines in one each, on a network of their own."""

from __future__ import annotations

# nats-py leaves the options of its calls untyped.
# pyright: reportUnknownMemberType=false
import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any

import asyncpg
import docker
import nats
from nats.errors import Error as NatsError
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network

from tests.integration.fleet.fleet import READY_SECONDS, SAID_CHARS, SERVICES, Fleet, for_the_block, until
from tests.integration.fleet.images import Images

HTTP_PORT, GRPC_PORT = 7761, 7762
POSTGRES_PORT, NATS_PORT = 5432, 4222
STOP_SECONDS = 15
HARDENED: Mapping[str, Any] = {
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
    "mem_limit": "512m",
}
RESTARTED: Mapping[str, Any] = {"restart_policy": {"Name": "always"}}


class ContainerFleet(Fleet):
    """Everything in containers. The tests reach the gateway and the engines by published ports."""

    def __init__(self, images: Images, token: str) -> None:
        self.token = token
        self._images = images
        self._password = token
        self._network = Network()
        self._containers: dict[str, DockerContainer] = {}
        self._gateway_port = 0

    async def boot(self) -> None:
        """Starts it all; returns once every service is ready."""
        await asyncio.to_thread(self._network.create)
        await asyncio.gather(asyncio.to_thread(self._start_postgres), asyncio.to_thread(self._start_nats))
        await until(self._postgres_answers, within=READY_SECONDS)
        await until(self._nats_answers, within=READY_SECONDS)
        await asyncio.to_thread(self._migrate)
        await asyncio.gather(*(asyncio.to_thread(self._serve, service, self._images.spark) for service in SERVICES))
        await self.all_ready()

    async def stop(self) -> None:
        """Removes it all."""
        removed = (asyncio.to_thread(container.stop) for container in self._containers.values())
        await asyncio.gather(*removed, return_exceptions=True)
        await asyncio.to_thread(self._network.remove)

    @property
    def gateway(self) -> str:
        return f"http://127.0.0.1:{self._gateway_port}"

    def web(self, service: str) -> str | None:
        address = self._address(service)
        return f"http://{address}:{HTTP_PORT}" if address else None

    async def kill(self, service: str) -> None:
        # Not by podman: what it has killed on somebody's behalf it does not start again.
        pid = (await self._looked_at(service))["State"]["Pid"]
        assert pid > 0, f"{service} does not run"  # To 0 it would go to all that the tests belong to.
        os.kill(pid, signal.SIGKILL)

        async def gone() -> bool:
            return (await self._looked_at(service))["State"]["Pid"] != pid

        await until(gone, within=READY_SECONDS)

    def paused(self, service: str) -> AbstractAsyncContextManager[None]:
        container = self._wrapped(service)
        return for_the_block(lambda: asyncio.to_thread(container.pause), lambda: asyncio.to_thread(container.unpause))

    def cut_off(self, service: str) -> AbstractAsyncContextManager[None]:
        container = self._wrapped(service)
        network: Any = docker.from_env().networks.get(self._network.name)  # Their own cannot disconnect.
        return for_the_block(
            lambda: asyncio.to_thread(network.disconnect, container),
            lambda: asyncio.to_thread(network.connect, container, aliases=[service]),
        )

    async def roll(self, service: str) -> str:
        old = self._containers[service]
        await asyncio.to_thread(self._serve, service, self._images.next)
        await until(lambda: self.ready(service), within=READY_SECONDS)
        leaving: Any = old.get_wrapped_container()
        await asyncio.to_thread(leaving.stop, timeout=STOP_SECONDS)
        status: int = (await asyncio.to_thread(leaving.wait))["StatusCode"]
        assert status == 0, leaving.logs().decode()[-4000:]
        await asyncio.to_thread(old.stop)
        return self._images.next_version

    def without(self, engine: str) -> AbstractAsyncContextManager[None]:
        container = self._wrapped(engine)
        return for_the_block(
            lambda: asyncio.to_thread(container.stop, timeout=STOP_SECONDS), lambda: asyncio.to_thread(container.start)
        )

    def said(self, service: str) -> str:
        return self._wrapped(service).logs().decode(errors="replace")[-SAID_CHARS:]

    async def run(self, service: str, words: list[str]) -> tuple[int, str]:
        done: Any = await asyncio.to_thread(self._wrapped(service).exec_run, words)
        return done.exit_code, done.output.decode().rstrip()

    def _start_postgres(self) -> None:
        container = self._container("postgres", self._images.postgres, **RESTARTED)
        container.with_env("POSTGRES_PASSWORD", self._password).with_exposed_ports(POSTGRES_PORT).start()
        port = container.get_exposed_port(POSTGRES_PORT)
        self.database_url = f"postgresql://postgres:{self._password}@127.0.0.1:{port}/postgres"

    def _start_nats(self) -> None:
        words = ["--jetstream", "--store_dir", "/data", "--auth", self.token]
        container = self._container("nats", self._images.nats, **RESTARTED, command=words)
        container.with_exposed_ports(NATS_PORT).start()
        self.nats_url = f"nats://{self.token}@127.0.0.1:{container.get_exposed_port(NATS_PORT)}"

    def _migrate(self) -> None:
        container = self._spark("migrate", self._images.spark, entrypoint=["spark"], command=["migrate"])
        container.start()
        job: Any = container.get_wrapped_container()
        assert job.wait()["StatusCode"] == 0, job.logs().decode()

    def _serve(self, service: str, image: str) -> None:
        container = self._spark(service, image, command=[service], **RESTARTED)
        if service == "gateway":
            container.with_exposed_ports(HTTP_PORT)
        container.start()
        if service == "gateway":
            self._gateway_port = container.get_exposed_port(HTTP_PORT)

    def _spark(self, name: str, image: str, **options: Any) -> DockerContainer:
        container = self._container(name, image, **HARDENED, **options)
        addresses = {f"SPARK_{each.upper()}_ADDR": f"{each}:{GRPC_PORT}" for each in SERVICES if each != name}
        return container.with_tmpfs_mount("/tmp", "size=64m").with_envs(
            **addresses,
            SPARK_TOKEN=self.token,
            SPARK_DATABASE_URL=f"postgresql://postgres:{self._password}@postgres:{POSTGRES_PORT}/postgres",
            SPARK_NATS_URL=f"nats://{self.token}@nats:{NATS_PORT}",
        )

    def _container(self, name: str, image: str, *, command: Sequence[str] = (), **options: Any) -> DockerContainer:
        container = DockerContainer(image.removeprefix("localhost/"), network=self._network, network_aliases=[name])
        self._containers[name] = container.with_command(list(command)).with_kwargs(**options)
        return container

    def _wrapped(self, name: str) -> Any:
        return self._containers[name].get_wrapped_container()

    async def _looked_at(self, name: str) -> Mapping[str, Any]:
        container = self._wrapped(name)
        await asyncio.to_thread(container.reload)
        return container.attrs

    def _address(self, name: str) -> str:
        container = self._wrapped(name)
        container.reload()
        found: Mapping[str, Any] = container.attrs
        if not found["State"]["Running"]:
            return ""
        return found["NetworkSettings"]["Networks"].get(self._network.name, {}).get("IPAddress", "")

    async def _postgres_answers(self) -> bool:
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            connection = await asyncpg.connect(self.database_url, timeout=2)
            await connection.close()
            return True
        return False

    async def _nats_answers(self) -> bool:
        with suppress(OSError, NatsError):
            client = await nats.connect(self.nats_url, allow_reconnect=False, connect_timeout=2)
            await client.close()
            return True
        return False
