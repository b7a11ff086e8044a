"""Where drills are held: a data folder of its own, a shell in which a runbook's commands run as they are printed, and
the Spark that they start."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

import httpx
import psutil

from host.home import Run, read_run
from tests.integration.runbooks.pages import DO, LOOK, VERIFY, pages
from tests.integration.runbooks.scraped import Watched
from tests.integration.system.running_spark import REPOSITORY, Spark, environment_of

Parameters = ParamSpec("Parameters")
Test = Callable[Parameters, Coroutine[Any, Any, None]]

BUNDLED = REPOSITORY / "host" / "recordings" / "bundled"
RUNS = (LOOK, DO, VERIFY)
LOOKS_S = "0.2"
WRONG_COMMAND = {2, 126, 127}
"""Exit statuses of a command that is not there, or is not understood."""
PATIENCE_SECONDS = 60.0


@dataclass
class Ground:
    """A home, a shell's environment, and what was run of which runbook."""

    home: Path
    folder: Path
    environment: dict[str, str] = field(default_factory=dict[str, str])
    ran: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def __post_init__(self) -> None:
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.folder / "bin").mkdir(parents=True)
        (self.folder / "user").mkdir()
        command = self.folder / "bin" / "spark"
        command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m host.cli "$@"\n')
        command.chmod(0o755)
        paths = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        ports = {"SPARK_HTTP_PORT": "0", "SPARK_GRPC_PORT": "0", "SPARK_ALERTS_EVERY_S": LOOKS_S}
        self.environment = environment_of(self.home, {**ports, "PATH": paths, "HOME": str(self.folder / "user")})

    async def sh(self, commands: str, *, strict: bool = True) -> str:
        """Runs commands in the shell and returns what they said; strictly, each must succeed. Their exports stay."""
        kept = shlex.quote(str(self.folder / "exported"))
        whole = f"[ ! -e {kept} ] || . {kept}\n{commands}\nexport -p > {kept}\n"
        process = await asyncio.create_subprocess_exec(
            *("bash", "-eu" if strict else "-u", "-c", whole),
            env=self.environment,
            cwd=self.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(PATIENCE_SECONDS):
            said = (await process.communicate())[0].decode(errors="replace")
        assert process.returncode not in WRONG_COMMAND, f"{commands}\n{said}"
        assert not strict or process.returncode == 0, f"{commands}\nended with {process.returncode}:\n{said}"
        return said

    async def follow(self, section: str, *names: str) -> str:
        """Runs the commands of a section of runbooks; a look may end in an exit status that says what is wrong."""
        said = ""
        for name in names:
            for commands in pages()[name].commands(section):
                said += await self.sh(commands, strict=section != LOOK)
            self.ran.add((name, section))
        return said

    async def up(self, **environment: str) -> Watched:
        """Starts Spark in the background, as its users do, with more settings from now on."""
        self.set(**environment)
        await self.sh("spark up --detach")
        return self.watched()

    def set(self, **environment: str) -> None:
        """Has a shell that begins anew, with more in its environment."""
        self.environment |= environment
        (self.folder / "exported").unlink(missing_ok=True)

    def worked_before(self) -> None:
        """Leaves what an agent keeps of its sessions, where `spark import` looks for it."""
        kept = self.folder / "user" / ".claude" / "projects" / "acorn"
        kept.mkdir(parents=True)
        for recording in sorted(BUNDLED.glob("*.jsonl")):
            shutil.copy(recording, kept)

    def watched(self) -> Watched:
        """The alerts of the Spark that is up now."""
        return Watched(self.run.http)

    @property
    def run(self) -> Run:
        """The Spark that is up."""
        run = read_run(self.home)
        assert run is not None, "no Spark is up"
        return run

    @property
    def spark(self) -> Spark:
        """The same with what tests of the system can do with one."""
        process: Any = psutil.Process(self.run.pid)
        return Spark(self.home, process, self.home / "logs" / "spark.log", self.run, 0.0)

    def http(self) -> httpx.AsyncClient:
        """A client of it."""
        return self.spark.http()

    async def clear(self) -> None:
        """Ends what is up."""
        run = read_run(self.home)
        if run is not None:
            for process in psutil.Process(run.pid).children(recursive=True):
                process.resume()
            psutil.Process(run.pid).resume()
            await self.sh("spark down", strict=False)
        assert read_run(self.home) is None


def drills(*names: str) -> Callable[[Callable[Parameters, Coroutine[Any, Any, None]]], Test[Parameters]]:
    """Says of a test that it is the drill of these runbooks, and holds it to running all of their commands."""

    def held(test: Callable[Parameters, Coroutine[Any, Any, None]]) -> Test[Parameters]:
        @wraps(test)
        async def drill(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
            ground = next(value for value in kwargs.values() if isinstance(value, Ground))
            await test(*args, **kwargs)
            printed = {(name, section) for name in names for section in RUNS if pages()[name].commands(section)}
            assert printed - ground.ran == set(), "commands of the runbook that the drill did not run"

        return drill

    return held


def stop_hanging(processes: list[psutil.Process]) -> None:
    """Lets processes go on that are still there."""
    for process in processes:
        # What the page had stopped may be gone at any moment.
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGCONT)
