"""Servers of models that a test starts, kills and starts again at the same address."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from services.inference.engines.llama_server import KEY_VARIABLE

REPOSITORY = Path(__file__).parents[3]
LOOPBACK = Path(__file__).with_name("loopback_api.py")
CONTEXT = 20_480
PATIENCE_S = 20.0


@dataclass
class Served:
    """One server behind a URL. `command` takes the port as its last word."""

    command: list[str]
    port: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Without a path."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Starts it, at its old address from the second time on."""
        self.port = self.port or free_port()
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        self.process = subprocess.Popen(
            [*self.command, str(self.port)],
            env=environment,
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        give_up = time.monotonic() + PATIENCE_S
        while not answers(self.url):
            assert self.process.poll() is None, "the server ended"
            assert time.monotonic() < give_up, "the server does not answer"
            time.sleep(0.01)

    def kill(self) -> None:
        """Ends it at once."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def loopback(*words: str) -> Served:
    """The server that speaks from documents."""
    return Served([sys.executable, str(LOOPBACK), "counted-words", *words, "--port"])


def llama(model: Path, folder: Path, concurrency: int = 4) -> Served:
    """llama.cpp's own server."""
    spec = {
        "model": str(model),
        "context": CONTEXT,
        "concurrency": concurrency,
        "threads": 1,
        "address": str(folder / "llama-by-url.address"),
    }
    program = "import sys, json; from services.inference.engines import llama_server; "
    program += "sys.argv[1:] = [json.dumps({**json.loads(sys.argv[1]), 'port': int(sys.argv[2])})]; llama_server.main()"
    return Served([sys.executable, "-c", program, json.dumps(spec)])


def answers(url: str) -> bool:
    """Whether the server is there and has its model."""
    try:
        return httpx.get(f"{url}/health", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def child_with(word: str) -> psutil.Process | None:
    """The server that this process has started, and that has the word in its command line; not its guard."""
    for process in psutil.Process().children(recursive=True):
        try:
            line = process.cmdline()
        except psutil.Error:
            continue
        if any(word in each for each in line) and not any(each.endswith("guard.py") for each in line):
            return process
    return None


def url_of(process: psutil.Process) -> str:
    """Where it listens."""
    port = next(each.laddr.port for each in process.net_connections(kind="tcp4") if each.status == psutil.CONN_LISTEN)
    return f"http://127.0.0.1:{port}"


def running_in(process: psutil.Process) -> int:
    """Generations that a server of our own works on."""
    return running_at(url_of(process), process.environ().get(KEY_VARIABLE, "none"))


def running_at(url: str, key: str = "none") -> int:
    """Generations that a server works on, by its own word."""
    counted = httpx.get(f"{url}/running")
    if counted.status_code == 200:
        return counted.json()["running"]
    slots = httpx.get(f"{url}/slots", headers={"authorization": f"Bearer {key}"}).json()
    return sum(slot["is_processing"] for slot in slots)
