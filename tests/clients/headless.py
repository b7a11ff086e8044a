"""Runs a client without a terminal for a bounded time, and ends every process that it leaves behind."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

LINGER_S = 2.0
"""How long after the client's end its last children may take to follow it, before they count as left behind."""


@dataclass(frozen=True)
class Ended:
    """A client that has ended.

    ``exit_code`` is negative (the signal's number) for one that was killed; ``wall_s`` is in seconds; ``left`` are the
    command lines of the processes that it left running, which are ended by now.
    """

    exit_code: int
    stdout: str
    stderr: str
    wall_s: float
    left: list[str]


async def run_to_end(
    command: Sequence[str | Path], *, cwd: Path, environment: Mapping[str, str], mark: str, timeout_s: float
) -> Ended:
    """Run ``command`` until it ends, or kill it with all its descendants after ``timeout_s`` seconds.

    ``mark`` names the variable of ``environment`` by which descendants are known again: clients give shells and hooks
    process groups of their own, but all of them inherit it. Its value must be this agent's alone.
    """
    mine = (mark, environment[mark])
    start = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    deadline = asyncio.get_running_loop().call_later(timeout_s, _kill, mine)
    left: list[str] = []
    try:
        stdout, stderr = await process.communicate()
        wall_s = time.perf_counter() - start
        left = await _lingering(mine)
    finally:
        deadline.cancel()
        _kill(mine)
        exit_code = await process.wait()
    return Ended(exit_code, stdout.decode(), stderr.decode(), wall_s, left)


async def _lingering(mine: tuple[str, str]) -> list[str]:
    patience = time.perf_counter() + LINGER_S
    while (running := _running(mine)) and time.perf_counter() < patience:
        await asyncio.sleep(0.02)
    return [text for text in map(_command_line, running) if text]


def _command_line(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


def _running(mine: tuple[str, str]) -> list[psutil.Process]:
    name, value = mine
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(name) == value:
                found.append(process)
    return found


def _kill(mine: tuple[str, str]) -> None:
    for process in _running(mine):
        with contextlib.suppress(psutil.Error):
            process.kill()
