"""Importing the same recordings again: known as long as they are learnt, new once they are forgotten."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from host.home import read_run
from tests.integration.recordings.test_recordings import FOLDER, environment, save, session, spark, wait_for


@pytest.fixture
def up(tmp_path: Path) -> Generator[Path]:
    """The home of a Spark that is up."""
    home = tmp_path / "spark"
    spark(home, "up", "--detach", "--http-port", "0", "--grpc-port", "0")
    yield home
    spark(home, "down")


def imported(home: Path, folder: Path) -> tuple[int, int, int]:
    """Moments new and known, and lessons, after an import."""
    report = json.loads(spark(home, "import", folder, "--json"))
    return report["moments"]["new"], report["moments"]["known"], report["lessons"]


def packets(home: Path) -> int:
    return int(json.loads(spark(home, "status", "--json"))["packets"]["total"])


@pytest.mark.parametrize("subject", ["project", "session"])
def test_what_was_forgotten_is_learnt_again_at_once(subject: str, up: Path, tmp_path: Path) -> None:
    folder = tmp_path / "old"
    one = session("tool", 0)
    save(folder, [one])
    assert imported(up, folder) == (3, 0, 1)
    assert imported(up, folder) == (0, 3, 1)
    assert packets(up) == 1
    # Well within the window in which the bus drops what it had before.
    named = ("--project", FOLDER) if subject == "project" else ("--session", one.session)
    spark(up, "forget", *named, "--yes")
    assert packets(up) == 0
    assert imported(up, folder) == (3, 0, 1)
    assert packets(up) == 1
    assert imported(up, folder) == (0, 3, 1)


def test_commands_take_turns_where_no_spark_is_up(tmp_path: Path) -> None:
    home, folder = tmp_path / "spark", tmp_path / "old"
    save(folder, [session(f"tool{number}", number * 60) for number in range(40)])
    importing = subprocess.Popen(
        [sys.executable, "-m", "host.cli", "import", folder, "--json"],
        env=environment(home),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert wait_for(lambda: (home / "run" / "spark.sock").exists())
    assert read_run(home) is None
    assert json.loads(spark(home, "lessons", "--all", "--json"))["total"] == 40
    told, _ = importing.communicate(timeout=30)
    assert importing.returncode == 0
    assert json.loads(told)["lessons"] == 40


def test_a_command_uses_the_spark_that_is_coming_up(tmp_path: Path) -> None:
    home = tmp_path / "spark"
    starting = subprocess.Popen(
        [sys.executable, "-m", "host.cli", "up", "--http-port", "0", "--grpc-port", "0"],
        env=environment(home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert wait_for(lambda: (home / "engines.lock").exists())
        assert json.loads(spark(home, "lessons", "--all", "--json"))["total"] == 0
        assert starting.poll() is None
        running = read_run(home)
        assert running is not None
        assert running.pid == starting.pid
    finally:
        starting.terminate()
        starting.wait(15)


def test_a_command_says_what_to_do_when_its_turn_does_not_come(tmp_path: Path) -> None:
    home = tmp_path / "spark"
    home.mkdir()
    hold = "import sys; from pathlib import Path; from host.engines import EngineLock\n"
    hold += "lock = EngineLock(Path(sys.argv[1])); lock.acquire(); print('held', flush=True); sys.stdin.read()"
    holder = subprocess.Popen(
        [sys.executable, "-c", hold, home],
        env={**environment(home), "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    try:
        told = " ".join(spark(home, "lessons", "--all", code=1).split())
        assert f"process {holder.pid}" in told
        assert "wait until it is done" in told
        assert "`spark up`" in told
    finally:
        holder.kill()
        holder.communicate()
