"""Where services that run apart tell how to reach them."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

from host.home import Run, read_served, remove_served, write_served


def test_who_ends_takes_back_what_it_told_and_nobody_elses(tmp_path: Path) -> None:
    mine = Run("", "", "", os.getpid(), psutil.Process().create_time())
    write_served(tmp_path, "telemetry", mine)
    remove_served(tmp_path, "telemetry", mine.pid + 1)
    assert read_served(tmp_path, "telemetry") == mine
    remove_served(tmp_path, "telemetry", mine.pid)
    assert read_served(tmp_path, "telemetry") is None
