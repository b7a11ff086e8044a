"""infra/compose.yaml, brought up by podman-compose: what it refuses to begin without, and a hook that is answered."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import yaml

from chassis.identifiers import new_ulid
from host.catalog import every_service
from tests.integration.fleet.fleet import ENGINES, until
from tests.integration.fleet.images import REPOSITORY, Images
from tests.integration.fleet.podman import Podman
from tests.integration.system.running_spark import HOOK_PATH

COMPOSE = REPOSITORY / "infra" / "compose.yaml"
ON_PODMAN = Path(__file__).with_name("compose.podman.yaml")
PROGRAM = Path(sys.prefix) / "bin" / "podman-compose"
SECRETS = ("SPARK_TOKEN", "SPARK_DATABASE_PASSWORD")
UP_SECONDS = 120.0


def compose(environment: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """A command of podman-compose on the file, with what podman needs in place of Docker."""
    files = [word for file in (COMPOSE, ON_PODMAN) for word in ("--file", str(file))]
    return subprocess.run(
        [str(PROGRAM), *files, *words],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=UP_SECONDS,
        check=False,
    )


def test_each_service_has_a_container_that_can_do_little() -> None:
    services: dict[str, dict[str, object]] = yaml.safe_load(COMPOSE.read_text())["services"]
    ours = {service.name for service in every_service()}
    assert ours | {"migrate", "postgres", "nats"} == set(services)
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["mem_limit"], name
        assert service["restart"], name
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert list(published) == ["gateway"]
    assert str(published["gateway"]).startswith("['127.0.0.1:"), "on loopback only"


def test_the_image_is_built_by_one_of_those_that_run_it() -> None:
    services: dict[str, dict[str, object]] = yaml.safe_load(COMPOSE.read_text())["services"]
    ours = [name for name in services if name not in ENGINES]
    assert len({str(services[name]["image"]) for name in ours}) == 1
    assert [name for name in services if "build" in services[name]] == ["migrate"]


@pytest.mark.parametrize("missing", SECRETS)
def test_without_a_secret_nothing_begins(missing: str) -> None:
    given = {name: secrets.token_hex(16) for name in SECRETS if name != missing}
    refused = compose(given, "config")
    assert refused.returncode != 0
    assert missing in refused.stderr
    assert "secrets.sh" in refused.stderr


def test_the_secrets_are_written_once(tmp_path: Path) -> None:
    script = tmp_path / "docker" / "secrets.sh"
    script.parent.mkdir()
    script.write_bytes((REPOSITORY / "infra" / "docker" / "secrets.sh").read_bytes())
    first = subprocess.run(["sh", script], capture_output=True, text=True, check=True)
    written = (tmp_path / ".env").read_text()
    values = dict(line.split("=", 1) for line in written.splitlines())
    assert set(values) == set(SECRETS)
    assert min(map(len, values.values())) == 48
    assert not any(value in first.stdout for value in values.values())
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    assert subprocess.run(["sh", script], capture_output=True, check=False).returncode != 0
    assert (tmp_path / ".env").read_text() == written


@contextmanager
def brought_up(environment: Mapping[str, str]) -> Generator[None]:
    """Everything of the file, until the end of the block."""
    try:
        # In no order, which podman 4 cannot keep: what comes too early is started again.
        up = compose(environment, "up", "--detach", "--no-build", "--no-deps")
        assert up.returncode == 0, up.stdout + up.stderr
        yield
    finally:
        compose(environment, "down", "--volumes", "--timeout", "10")


@pytest.mark.containers
@pytest.mark.timeout(300)
async def test_it_comes_up_and_answers_a_hook(podman: tuple[Podman, Images]) -> None:
    program, images = podman
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    given = {
        **program.environment,
        **{name: secrets.token_hex(16) for name in SECRETS},
        "SPARK_IMAGE": images.spark,
        "SPARK_POSTGRES_IMAGE": images.postgres,
        "SPARK_NATS_IMAGE": images.nats,
        "SPARK_PORT": port,
    }
    prompt = {"hook_event_name": "UserPromptSubmit", "session_id": new_ulid(), "cwd": "/srv/compose", "prompt": "Hello"}
    with brought_up(given):
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}",
            headers={"authorization": f"Bearer {given['SPARK_TOKEN']}"},
            trust_env=False,
        ) as client:

            async def acknowledged() -> bool:
                try:
                    reply = await client.post(HOOK_PATH, json=prompt)
                except httpx.HTTPError:
                    return False
                return reply.status_code == 200 and reply.headers["spark-sequence"] != "0"

            await until(acknowledged, within=UP_SECONDS)
            assert (await client.get("/ready")).status_code == 200
        assert len(program("ps", "--quiet", "--filter", "label=io.podman.compose.project=spark").split()) >= len(
            every_service()
        )
    left = program("ps", "--all", "--quiet", "--filter", "label=io.podman.compose.project=spark")
    assert not left.split()
