"""Between services by mutual TLS: both show a certificate of one authority, and who has none gets nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import grpc
import grpc.aio
import pytest
import trustme

from spark.gateway.v1 import hooks_pb2
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub
from spark.memory.v1 import memory_pb2
from spark.memory.v1.memory_pb2_grpc import MemoryServiceStub
from tests.integration.inference.servers import free_port
from tests.integration.system.coding_agent import Agent, advice_in, failing, sequence_of, unknown_flag, working
from tests.integration.system.conftest import StartSpark
from tests.integration.system.running_spark import EXIT_SECONDS, ROOMY, spark_process
from tests.integration.system.served_alone import engines_and_token, served_alone
from tests.integration.system.test_system_alone import probe


@dataclass(frozen=True)
class Authority:
    """One that certifies processes on this machine."""

    folder: Path
    of: trustme.CA

    @classmethod
    def made(cls, folder: Path) -> Authority:
        folder.mkdir()
        authority = cls(folder, trustme.CA())
        authority.of.cert_pem.write_to_path(str(folder / "ca.pem"))
        return authority

    def settings(self, name: str) -> dict[str, str]:
        """A certificate for 127.0.0.1, as a process is told of it."""
        mine = self.of.issue_cert("127.0.0.1")
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        mine.cert_chain_pems[0].write_to_path(str(certificate))
        mine.private_key_pem.write_to_path(str(key))
        return {
            "SPARK_TLS_CERT": str(certificate),
            "SPARK_TLS_KEY": str(key),
            "SPARK_TLS_CA": str(self.folder / "ca.pem"),
        }

    def credentials(self, name: str | None) -> grpc.ChannelCredentials:
        """How a caller goes by it; without a name it shows no certificate."""
        authorities = (self.folder / "ca.pem").read_bytes()
        if name is None:
            return grpc.ssl_channel_credentials(authorities)
        return grpc.ssl_channel_credentials(
            authorities, (self.folder / f"{name}.key").read_bytes(), (self.folder / f"{name}.pem").read_bytes()
        )


async def test_services_show_each_other_certificates(up: StartSpark, tmp_path: Path) -> None:
    ours, others = Authority.made(tmp_path / "ours"), Authority.made(tmp_path / "others")
    place = f"127.0.0.1:{free_port()}"
    spark = up("--without", "memory", environment={**ROOMY, **ours.settings("front"), "SPARK_MEMORY_ADDR": place})
    apart = {**engines_and_token(spark), **ours.settings("memory"), "PORT": place.rpartition(":")[2]}
    with served_alone(tmp_path, "memory", environment=apart):
        async with spark.http() as client:
            learnt = sequence_of(await Agent(client, "/srv/tls").learns("tls"))
            await settled(spark.run.grpc.removeprefix("grpc://"), learnt, ours, spark.metadata)
            reply = await Agent(client, "/srv/tls").fails(failing("tls"), unknown_flag("tls"))
        assert working("tls") in advice_in(reply)

        assert await listed(place, ours.credentials("front"), spark.metadata) > 0
        others.settings("stranger")
        stranger = grpc.ssl_channel_credentials(
            (ours.folder / "ca.pem").read_bytes(),
            (others.folder / "stranger.key").read_bytes(),
            (others.folder / "stranger.pem").read_bytes(),
        )
        for credentials in (None, ours.credentials(None), stranger, others.credentials("stranger")):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await listed(place, credentials, spark.metadata)
            assert refused.value.code() is grpc.StatusCode.UNAVAILABLE

        assert probe(place, environment=ours.settings("watcher")).returncode == 0
        assert probe(place).returncode == 1
        wrong = probe(place, environment={"SPARK_TLS_CA": str(tmp_path / "absent.pem")})
        assert (wrong.returncode, wrong.stderr.count("\n")) == (1, 1)
        assert "SPARK_TLS_CA" in wrong.stderr

        user, said = {**ours.settings("user"), "SPARK_MEMORY_ADDR": place}, tmp_path / "said"
        for command in ("lessons", "explain"):
            asking = spark_process(spark.home, command, "--project", "/srv/tls", log=said, environment=user)
            assert asking.wait(EXIT_SECONDS) == 0, said.read_text()
        assert working("tls") in said.read_text()


async def settled(place: str, sequence: int, authority: Authority, metadata: tuple[tuple[str, str], ...]) -> None:
    """Waits until all up to a place in the stream can be advised from."""
    async with grpc.aio.secure_channel(place, authority.credentials("front")) as channel:
        request = hooks_pb2.SettleRequest(sequence=sequence)
        request.patience.FromSeconds(20)
        await HooksServiceStub(channel).Settle(request, metadata=metadata, timeout=25)


async def listed(place: str, credentials: grpc.ChannelCredentials | None, metadata: tuple[tuple[str, str], ...]) -> int:
    """How many lessons the service lists."""
    opened = grpc.aio.insecure_channel(place) if credentials is None else grpc.aio.secure_channel(place, credentials)
    async with opened as channel:
        stub = MemoryServiceStub(channel)
        answer = await stub.ListLessons(memory_pb2.ListLessonsRequest(), metadata=metadata, timeout=5)
    return len(answer.lessons)
