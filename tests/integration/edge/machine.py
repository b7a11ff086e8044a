"""A developer's machine: `spark connect` on a data folder of its own, and repositories on its disk."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from host.home import Run, read_run
from tests.integration.system.running_spark import EXIT_SECONDS, ROOMY, START_SECONDS, spark_process


@dataclass
class Machine:
    """One that is connected."""

    home: Path
    process: subprocess.Popen[bytes]
    log: Path
    run: Run

    @property
    def said(self) -> str:
        """All that it has written to its log."""
        return self.log.read_text(errors="replace")

    def http(self) -> httpx.AsyncClient:
        """A client that sends this machine's own token."""
        token = (self.home / "token").read_text().strip()
        headers = {"authorization": f"Bearer {token}"}
        return httpx.AsyncClient(base_url=self.run.http, headers=headers, timeout=httpx.Timeout(10.0, pool=60.0))

    def stop(self) -> int:
        """Ends it as `spark down` does; returns its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(EXIT_SECONDS)


def connecting(
    home: Path, *words: str, token: str = "", environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """`spark connect WORDS…` on free ports; what it says goes to `HOME.log`."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    given = {"SPARK_HTTP_PORT": "0", **ROOMY, **(environment or {}), **({"SPARK_FLEET_TOKEN": token} if token else {})}
    return spark_process(home, "connect", *words, log=home.with_name(f"{home.name}.log"), environment=given)


@asynccontextmanager
async def connected_to(
    home: Path, *words: str, token: str = "", environment: Mapping[str, str] | None = None
) -> AsyncGenerator[Machine]:
    """A machine for the time of the block; its hooks have 2 s unless the environment says otherwise."""
    process = connecting(home, *words, token=token, environment=environment)
    log = home.with_name(f"{home.name}.log")
    try:
        give_up = time.monotonic() + START_SECONDS
        while (run := read_run(home)) is None:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < give_up, "it is not connected"
            await asyncio.sleep(0.01)
        yield Machine(home, process, log, run)
        process.terminate()
        assert await asyncio.to_thread(process.wait, EXIT_SECONDS) == 0
        assert "Traceback" not in log.read_text()
    finally:
        process.kill()
        process.wait()


def clone(root: Path, origin: str) -> str:
    """A work tree of that origin; returns its folder."""
    (root / ".git").mkdir(parents=True)
    (root / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    config = f'[remote "origin"]\n\turl = {origin}\n' if origin else "[core]\n\tbare = false\n"
    (root / ".git" / "config").write_text(config)
    return str(root)
