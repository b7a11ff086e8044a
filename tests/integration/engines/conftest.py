from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from host.engines import Engines, start_engines

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
async def engines(home: Path) -> AsyncIterator[Engines]:
    started = await start_engines(home)
    yield started
    await started.stop()


@dataclass(frozen=True)
class Owner:
    """Another process that owns engines."""

    process: asyncio.subprocess.Process
    database_url: str
    nats_url: str


StartOwner = Callable[[Path], Awaitable[Owner]]


@pytest.fixture
async def start_owner() -> AsyncIterator[StartOwner]:
    started: list[asyncio.subprocess.Process] = []

    async def start(home: Path) -> Owner:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__).with_name("owner.py")),
            str(home),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        )
        started.append(process)
        assert process.stdout is not None
        return Owner(process, **json.loads(await process.stdout.readline()))

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
        await process.wait()
