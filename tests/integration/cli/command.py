"""The `spark` command, run as its users run it: in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from host.cli.main import main


@dataclass(frozen=True)
class Spark:
    """The command in a folder, with a home and an agent's settings that are the test's own."""

    folder: Path
    environment: Mapping[str, str]

    def __call__(
        self, *words: str, folder: Path | None = None, typed: str = "", given: Mapping[str, str] | None = None
    ) -> Ended:
        done = subprocess.run(
            [sys.executable, "-m", "host.cli", *words],
            cwd=folder or self.folder,
            env={**self.environment, **(given or {})},
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return Ended(done.returncode, done.stdout, done.stderr)


class QuickSpark(Spark):
    """The same without a process of its own, for commands that only read and write files."""

    def __call__(
        self, *words: str, folder: Path | None = None, typed: str = "", given: Mapping[str, str] | None = None
    ) -> Ended:
        absent = {name: None for name in os.environ if name.startswith("SPARK_")}
        runner = CliRunner(env={**absent, **self.environment, **(given or {})})
        with contextlib.chdir(folder or self.folder):
            done = runner.invoke(main, words, input=typed, catch_exceptions=False, prog_name="spark")
        return Ended(done.exit_code, done.stdout, done.stderr)


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


def environment(home: Path, user: Path) -> dict[str, str]:
    """Everything that a command may look at; nothing of the machine's own Spark and agent."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(user),
        "CLAUDE_CONFIG_DIR": str(user / ".claude"),
        "CODEX_HOME": str(user / ".codex"),
        "GEMINI_CLI_HOME": str(user),
        "COPILOT_HOME": str(user / ".copilot"),
        "XDG_CONFIG_HOME": str(user / ".config"),
        "SPARK_HOME": str(home),
        "COLUMNS": "80",
    }
