"""The command that clients run as their hook, run as they do."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from chassis.identifiers import new_ulid
from gateway.clients.shim.command import install_hook_shim
from tests.integration.fleet.fleet import Fleet

DEADLINE_MS = 1000


@dataclass(frozen=True)
class Hook:
    """What a client sees of the command that it has run."""

    status: int
    printed: bytes
    complained: bytes


@dataclass(frozen=True)
class Client:
    """Runs the hook's command as a client does, against a fleet's gateway."""

    home: Path

    @classmethod
    def of(cls, fleet: Fleet, home: Path) -> Client:
        """A home that knows where the gateway is, and its token."""
        home.mkdir(mode=0o700)
        install_hook_shim(home)
        for name, text in (
            ("token", fleet.token),
            ("run.json", json.dumps({"http": fleet.gateway, "socket": "", "pid": os.getpid()})),
        ):
            (home / name).touch(0o600)
            (home / name).write_text(text)
        return cls(home)

    async def hook(self) -> Hook:
        """Posts a prompt."""
        payload = {
            "hook_event_name": "UserPromptSubmit",
            "session_id": new_ulid(),
            "cwd": "/srv/shim",
            "prompt": "Mend the tests",
        }
        words = [self.home / "bin" / "spark-hook", "--client", "claude-code", "--home", self.home]
        process = await asyncio.create_subprocess_exec(
            *(*map(str, words), "--deadline-ms", str(DEADLINE_MS)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        printed, complained = await process.communicate(json.dumps(payload).encode())
        assert process.returncode is not None
        return Hook(process.returncode, printed, complained)
