"""What tests of alerts need: a registry of its own, a clock that stands, and promtool."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

Promtool = Callable[..., "subprocess.CompletedProcess[str]"]


@dataclass
class HandClock:
    """Goes on when it is told to."""

    at: datetime = field(default_factory=lambda: datetime(2026, 3, 1, 12, tzinfo=UTC))

    def now(self) -> datetime:
        """The time that the test says it is."""
        return self.at

    def go_on(self, by: timedelta) -> None:
        """Lets time pass."""
        self.at += by


@pytest.fixture
def clock() -> HandClock:
    """A clock that stands."""
    return HandClock()


@pytest.fixture(scope="session")
def promtool() -> Promtool:
    """Runs promtool. Where it is missing the test is skipped, but under CI it fails: there it must run."""
    own = Path(sys.prefix) / "prometheus" / "usr" / "bin" / "promtool"
    found = str(own) if own.exists() else shutil.which("promtool")
    if found is None:
        missing = "promtool is not installed: `make promtool`"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run([found, *map(str, words)], capture_output=True, text=True, check=False)

    return run
