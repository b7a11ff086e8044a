"""Runs the real `spark` beside the real client: up, its hooks installed by its own installer, and down."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import httpx

PATIENCE_S = 20.0
LABEL = "Spark, from earlier work in this project"
"""How all advice begins."""
FOREIGN = ("SPARK_", "CLAUDE_", "CODEX_", "GEMINI_")
"""Variables by which the caller's own Spark and clients would be found."""


class User(Protocol):
    """The user of a client, for whom a `spark` command is run."""

    @property
    def repo(self) -> Path:
        """Where the command is run."""
        ...

    def own_home(self) -> dict[str, str]:
        """The variables by which this user's settings are found."""
        ...


@dataclass(frozen=True)
class SparkUp:
    """A Spark that is up; `run` is what its run.json says."""

    home: Path
    run: dict[str, Any]

    async def command(self, *words: str, agent: User | None = None) -> str:
        """Runs a `spark` command for an agent's user and returns what it printed.

        Raises:
            AssertionError: when it fails; the message has what it said.
        """
        return await spark(self.home, *words, agent=agent)

    async def settle(self, lessons: int) -> None:
        """Waits until so many lessons are known."""
        async with asyncio.timeout(PATIENCE_S):
            while json.loads(await self.command("lessons", "--all", "--json"))["total"] < lessons:
                await asyncio.sleep(0.05)

    async def metrics(self) -> str:
        """The metrics of the gateway."""
        async with httpx.AsyncClient(base_url=self.run["http"]) as client:
            return (await client.get("/metrics")).text


@asynccontextmanager
async def spark_up(home: Path) -> AsyncGenerator[SparkUp]:
    """Starts Spark on free ports and stops it."""
    async with running(home, "up", "--http-port", "0", "--grpc-port", "0") as spark:
        yield spark


@asynccontextmanager
async def connected(home: Path, shared: SparkUp) -> AsyncGenerator[SparkUp]:
    """Connects a data folder of its own to a Spark that others share, for the time of the block."""
    token = (shared.home / "token").read_text().strip()
    given = {"SPARK_FLEET_TOKEN": token, "SPARK_HTTP_PORT": "0"}
    async with running(home, "connect", shared.run["http"], given=given) as machine:
        yield machine


@asynccontextmanager
async def running(home: Path, *words: str, given: Mapping[str, str] | None = None) -> AsyncGenerator[SparkUp]:
    """A `spark` command that stays until it is stopped."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "host.cli", *words),
        env={**environment(home), **(given or {})},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not (home / "run.json").exists():
                assert process.returncode is None, f"spark {words[0]} ended"
                await asyncio.sleep(0.02)
        yield SparkUp(home, json.loads((home / "run.json").read_text()))
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()


async def spark(home: Path, *words: str, agent: User | None = None) -> str:
    """Runs one `spark` command; see `SparkUp.command`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "host.cli", *words),
        env=environment(home, agent),
        cwd=agent.repo if agent else None,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, f"spark {' '.join(words)}: {err.decode()}{out.decode()}"
    return out.decode()


def environment(home: Path, agent: User | None = None) -> dict[str, str]:
    """The environment of a `spark` command: that of the agent's user where there is one."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return {**kept, **(agent.own_home() if agent else {}), "SPARK_HOME": str(home)}
