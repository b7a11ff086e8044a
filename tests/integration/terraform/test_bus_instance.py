"""What the instance of NATS runs: the script that brings it up can be read by a shell, and its figures are true."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import nats
import pytest
from nats.js.api import ConsumerConfig, StreamConfig

from host.engines.installed import nats_server
from tests.integration.terraform.program import SOURCE, Terraform, settings_of

BUS = SOURCE / "modules" / "bus"
START_SECONDS = 20.0


@dataclass(frozen=True)
class Server:
    """A nats-server with its monitor, on ports that were free."""

    url: str
    monitor: str


@pytest.fixture
def server(tmp_path: Path) -> Generator[Server]:
    words = ["--jetstream", "--store_dir", str(tmp_path / "store"), "--ports_file_dir", str(tmp_path)]
    process = subprocess.Popen(
        [nats_server(), "--addr", "127.0.0.1", "--port", "-1", "--http_port", "-1", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        began = time.monotonic()
        while not (found := list(tmp_path.glob("*.ports"))) or not found[0].stat().st_size:
            assert process.poll() is None
            assert time.monotonic() - began < START_SECONDS
            time.sleep(0.01)
        ports = json.loads(found[0].read_text())
        yield Server(ports["nats"][0], ports["monitoring"][0])
    finally:
        process.kill()
        process.wait()


def figures(server: Server, folder: Path) -> dict[str, float]:
    said = subprocess.run(
        [sys.executable, "-I", "-S", str(BUS / "figures.py"), server.monitor, str(folder)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return {datum["MetricName"]: datum["Value"] for datum in json.loads(said)}


async def test_figures_of_an_empty_bus(server: Server, tmp_path: Path) -> None:
    told = figures(server, tmp_path)
    assert told.pop("StoreFree") > 0
    assert told == {"Waiting": 0, "LearningBehind": 0, "PreparationsWaiting": 0, "DeadLetters": 0}


async def test_figures_count_what_waits(server: Server, tmp_path: Path) -> None:
    client: Any = await cast(Any, nats).connect(server.url)
    try:
        stream = client.jetstream()
        await stream.add_stream(StreamConfig(name="MOMENTS", subjects=["moment.>"]))
        await stream.add_stream(StreamConfig(name="DEAD_LETTERS", subjects=["dead.>"]))
        for name in ("memory", "prefetch-worker"):
            await stream.add_consumer("MOMENTS", ConsumerConfig(durable_name=name, ack_wait=300))
        for _ in range(3):
            await stream.publish("moment.one", b"")
        await stream.publish("dead.one", b"")
        # One is stored, one is in somebody's hands, and one was never asked for: two wait.
        learning = await stream.pull_subscribe_bind("memory", "MOMENTS")
        first, _ = await learning.fetch(2)
        await first.ack_sync()
        told = figures(server, tmp_path)
    finally:
        await client.close()
    told.pop("StoreFree")
    assert told == {"Waiting": 5, "LearningBehind": 2, "PreparationsWaiting": 3, "DeadLetters": 1}


async def test_figures_count_what_nobody_has_asked_for_yet(server: Server, tmp_path: Path) -> None:
    """Consumers are made by the first worker, so what waits must wake it before there are any."""
    client: Any = await cast(Any, nats).connect(server.url)
    try:
        stream = client.jetstream()
        await stream.add_stream(StreamConfig(name="MOMENTS", subjects=["moment.>"]))
        await stream.add_stream(StreamConfig(name="DEAD_LETTERS", subjects=["dead.>"]))
        await stream.publish("moment.one", b"")
        await stream.publish("dead.one", b"")
        told = figures(server, tmp_path)
    finally:
        await client.close()
    told.pop("StoreFree")
    assert told == {"Waiting": 1, "LearningBehind": 0, "PreparationsWaiting": 0, "DeadLetters": 1}


@pytest.fixture(scope="module")
def script(tree: Path, endpoint: str) -> str:
    """The script as an instance gets it."""
    given = {
        "volume": "vol-0123456789abcdef0",
        "image": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/nats:2.15.1",
        "secret": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:spark/nats-url",
        "region": "eu-central-1",
        "namespace": "spark-bus",
        "generation": "1",
        "figures": (BUS / "figures.py").read_text(),
    }
    folder = tree / "rendered"
    folder.mkdir()
    (folder / "given.auto.tfvars.json").write_text(json.dumps({"given": given}))
    (folder / "main.tf").write_text(
        'variable "given" { type = map(string) }\n'
        'output "script" { value = templatefile("../modules/bus/start.sh.tftpl", var.given) }\n'
    )
    terraform = Terraform(folder, settings_of(tree, endpoint))
    terraform.run("init", "-no-color")
    terraform.run("apply", "-auto-approve", "-no-color")
    return json.loads(terraform.run("output", "-json", "script").stdout)


def test_the_script_is_one_that_a_shell_can_read(script: str) -> None:
    checked = subprocess.run(["sh", "-n"], input=script, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "${" not in script
    # Between its marks the program is as it is in the repository.
    inside = script.partition("<<'PYTHON'\n")[2].partition("\nPYTHON\n")[0]
    assert inside.strip() == (BUS / "figures.py").read_text().strip()


@pytest.mark.parametrize(
    ("aws", "status", "said"),
    [
        ("echo nats://abcdefghijklmnop0123@nats.internal:4222", 0, "<abcdefghijklmnop0123>\n"),
        ("echo AccessDenied >&2; return 254", 1, ""),
        ("echo None", 1, ""),
        ("echo nats://@nats.internal:4222", 1, ""),
    ],
)
def test_nats_is_not_started_without_its_token(script: str, aws: str, status: int, said: str) -> None:
    """A server whose token is empty asks nobody for one."""
    reading = script.partition("umask 077\n")[2].partition("mkdir -p /etc/nats\n")[0]
    program = f'set -eu\naws() {{ {aws}; }}\nsleep() {{ :; }}\n{reading}\necho "<$token>"\n'
    ended = subprocess.run(["sh"], input=program, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (status, said)
