"""The shim as it is installed, through a whole Spark."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from gateway.clients.shim.command import hook_command, install_hook_shim
from tests.integration.system.running_spark import Spark

EVENT = {
    "session_id": "by-shim",
    "cwd": "/srv/by-shim",
    "hook_event_name": "PreToolUse",
    "tool_name": "Bash",
    "tool_input": {"command": "make"},
    "tool_use_id": "toolu_1",
}


def asked(home: Path, client: str = "claude-code") -> bytes:
    """What the installed command prints, run as a client runs it."""
    command = hook_command(install_hook_shim(home), home, client, sys.executable)
    command = command.replace(f"--client {client}", f"--client {client} --deadline-ms 10000")
    done = subprocess.run(["/bin/sh", "-c", command], input=json.dumps(EVENT).encode(), capture_output=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


def hooks_taken(system: Spark) -> float:
    """Hooks of the kind that the gateway has counted."""
    told = httpx.get(f"{system.run.http}/metrics").text
    return sum(float(value) for value in re.findall(r"^spark_hooks_total\{.*\} (\S+)$", told, re.MULTILINE))


@pytest.mark.parametrize("way", ["socket", "port"])
def test_a_hook_is_answered_by_each_way(system: Spark, tmp_path: Path, way: str) -> None:
    home = system.home
    if way == "port":
        home = tmp_path
        body = json.loads((system.home / "run.json").read_text())
        for name, text in (("run.json", json.dumps({**body, "socket": ""})), ("token", system.token)):
            (home / name).write_text(text)
            (home / name).chmod(0o600)
    before = hooks_taken(system)
    assert asked(home) == b"{}"
    assert hooks_taken(system) == before + 1


def test_a_client_that_the_gateway_does_not_know_gets_nothing(system: Spark) -> None:
    assert asked(system.home, "unheard-of") == b""
