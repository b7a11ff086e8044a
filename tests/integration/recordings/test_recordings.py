"""Import, replay and demo, as a user runs them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from host.recordings.library import opened
from host.recordings.replay import in_order
from tests.integration.recordings.transcript_writer import START, Transcript

MISSING = "Exit code 127\n/bin/sh: 1: {}: not found"
FOLDER = "/home/dev/project"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "spark"


def environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SPARK_")}
    return {**kept, "SPARK_HOME": str(home), "COLUMNS": "80"}


def wait_for(condition: Callable[[], bool], within: float = 30.0) -> bool:
    """Whether the condition comes true in time."""
    give_up = time.monotonic() + within
    while not condition():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.005)
    return True


def spark(home: Path, *words: str | Path, code: int = 0) -> str:
    """Runs a command; without a system that is up it starts a private one."""
    done = subprocess.run(
        [sys.executable, "-m", "host.cli", *words],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == code, done.stderr + done.stdout
    return done.stdout if code == 0 else done.stderr


def session(tool: str, start_minutes: int, *, fixed: bool = True) -> Transcript:
    """A session that lacks a tool and finds it."""
    made = Transcript(FOLDER, START + timedelta(minutes=start_minutes))
    made.prompt("Do what has to be done.")
    made.shell(f"{tool} all", MISSING.format(tool))
    if fixed:
        made.shell(f"npx {tool} all")
    return made


def said(report: dict[str, Any], transcript: Transcript) -> list[dict[str, Any]]:
    """The moments of a session at which something was said."""
    return [item for item in report["moments"] if item["session"] == transcript.session and item["advice"]]


def save(folder: Path, transcripts: Sequence[Transcript]) -> None:
    folder.mkdir(exist_ok=True)
    for number, transcript in enumerate(transcripts):
        transcript.save(folder / f"{number}.jsonl{'.gz' if number % 2 else ''}")


def test_importing_twice_learns_once(home: Path, tmp_path: Path) -> None:
    transcripts = [session(f"tool{number}", number * 60) for number in range(4)]
    save(tmp_path / "old", transcripts)
    first = json.loads(spark(home, "import", tmp_path / "old", "--json"))
    assert (first["files"], first["sessions"], first["lessons"]) == (4, 4, 4)
    assert first["moments"]["new"] == 4 * 3
    lessons = spark(home, "lessons", "--all", "--json")

    second = json.loads(spark(home, "import", tmp_path / "old", "--json"))
    assert (second["moments"]["new"], second["lessons"]) == (0, 4)
    assert spark(home, "lessons", "--all", "--json") == lessons


def test_what_cannot_be_read_is_named_and_costs_nothing_else(home: Path, tmp_path: Path) -> None:
    good = session("tool", 0)
    path = good.save(tmp_path / "mixed.jsonl")
    whole = path.read_text()
    path.write_text("{ this is not JSON\n" + whole + '[1, 2]\n{"type": "user", "message"')
    (tmp_path / "broken.jsonl.gz").write_bytes(b"no archive")
    report = json.loads(spark(home, "import", path, tmp_path / "broken.jsonl.gz", "--json"))
    assert report["lessons"] == 1
    places = {(Path(place["path"]).name, place["line"]) for place in report["unreadable"]}
    assert ("mixed.jsonl", 1) in places
    assert any(name == "broken.jsonl.gz" for name, _ in places)
    told = spark(home, "import", path)
    assert "could not be read" in told
    assert "mixed.jsonl:1" in told


def test_a_replay_learns_from_the_past_only(home: Path, tmp_path: Path) -> None:
    early, late = session("tool", 0), session("tool", 600)
    save(tmp_path / "recorded", [late, early])
    report = json.loads(spark(home, "replay", tmp_path / "recorded", "--json"))
    assert said(report, early) == []
    advice = [item["advice"] for item in said(report, late)]
    assert advice
    assert all("npx tool all" in text for text in advice)
    assert report["summary"]["lessons"] == {"failure_fix": 1}
    failures = report["summary"]["failures"]
    assert (failures["all"], failures["teaching"], failures["seen_before"], failures["fix_known"]) == (2, 2, 1, 1)
    assert failures["fix_told"] + failures["fix_told_ahead"] == 1
    assert json.loads(spark(home, "lessons", "--all", "--json"))["total"] == 0, "the user's own lessons are left alone"


def test_sessions_that_overlap_are_replayed_moment_by_moment(home: Path, tmp_path: Path) -> None:
    # The second session fails before the first has found the fix: it cannot have been told.
    first, second = session("tool", 0), session("tool", 0, fixed=False)
    second.start = START + timedelta(seconds=5)
    for number, line in enumerate(second.lines):
        line["timestamp"] = (second.start + timedelta(seconds=30 * number)).isoformat()
    save(tmp_path / "recorded", [first, second])
    report = json.loads(spark(home, "replay", tmp_path / "recorded", "--json", "--verbose"))
    times = [item["at"] for item in report["moments"]]
    assert times == sorted(times)
    assert all("npx" not in item["advice"] for item in report["moments"])
    assert report["summary"]["sessions"] == 2


def test_what_a_forked_session_repeats_counts_once_and_for_the_first(tmp_path: Path) -> None:
    first, fork = session("tool", 0), session("tool", 0)
    fork.lines = [{**line, "sessionId": fork.session} for line in first.lines]
    fork.prompt("Go on from here.")
    save(tmp_path / "recorded", [first, fork])
    hooks = [hook.payload for hook in in_order(opened([tmp_path / "recorded"]).sources)]
    calls = [hook["session_id"] for hook in hooks if hook["hook_event_name"] == "PreToolUse"]
    assert calls == [first.session] * 2
    of_fork = [hook["hook_event_name"] for hook in hooks if hook["session_id"] == fork.session]
    assert of_fork == ["SessionStart", "UserPromptSubmit", "SessionEnd"]


def test_a_project_is_the_folder_that_was_named_whatever_its_letters(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "größer und 100%25 neu"
    folder.mkdir()
    early, late = session("tool", 0), session("tool", 600)
    late.move("/home/dev/elsewhere")
    spark(home, "import", early.save(tmp_path / "early.jsonl"), "--project", folder)
    late.save(tmp_path / "late.jsonl")
    told = spark(home, "replay", tmp_path / "late.jsonl", "--project", folder, "--home", home, "--json")
    assert said(json.loads(told), late), "the lesson of the import is known to the replay"


INTERRUPTIBLE = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("host.cli", run_name="__main__", alter_sys=True)
"""
"""The command. What a shell starts in the background ignores the signal, and so would what that starts; to give it back
between fork and exec has been seen to abort a process that gRPC's threads are in."""


def test_an_import_that_was_stopped_goes_on_where_it_was(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "old"
    save(folder, [session(f"tool{number}", number * 60) for number in range(600)])
    command = [sys.executable, "-c", INTERRUPTIBLE, "import", folder]
    importing = subprocess.Popen(command, env=environment(home), stderr=subprocess.PIPE, text=True)
    assert wait_for(lambda: (home / "run" / "spark.sock").exists() or importing.poll() is not None)
    assert not (home / "run.json").exists(), "a private system is nobody else's to use"
    importing.send_signal(signal.SIGINT)
    _, told = importing.communicate(timeout=30)
    assert importing.returncode == 1
    assert "they stay" in told

    second = json.loads(spark(home, "import", folder, "--json"))
    assert second["moments"]["new"] + second["moments"]["known"] == 600 * 3
    assert second["lessons"] == 600


def test_a_replay_refuses_a_spark_that_believes_its_own_clock_only(home: Path, tmp_path: Path) -> None:
    save(tmp_path / "recorded", [session("tool", 0)])
    spark(home, "up", "--detach", "--http-port", "0", "--grpc-port", "0")
    try:
        told = spark(home, "replay", tmp_path / "recorded", "--home", home, code=1)
        assert "--clock header" in told
        assert json.loads(spark(home, "lessons", "--all", "--json"))["total"] == 0
    finally:
        spark(home, "down")


def recorded_fix(failing: str) -> str:
    """The command that worked after a failing one, as the bundled recording's first session has it."""
    folder = Path(str(files("host.recordings") / "bundled"))
    commands: list[tuple[str, bool]] = []
    uses: dict[str, str] = {}
    for line in sorted(folder.glob("*.jsonl"))[0].read_text().splitlines():
        content: str | list[dict[str, Any]] = json.loads(line)["message"]["content"]
        for block in content if isinstance(content, list) else ():
            if block["type"] == "tool_use" and "command" in block["input"]:
                uses[block["id"]] = block["input"]["command"]
            elif block.get("tool_use_id") in uses:
                commands.append((uses[block["tool_use_id"]], not block.get("is_error", False)))
    program = failing.split()[0]
    return next(command for command, worked in commands if worked and program in command.split())


def test_the_demo_shows_the_fix_at_the_failure_and_warns_ahead(home: Path) -> None:
    shown = json.loads(spark(home, "demo", "--json"))
    assert shown["advised"]
    last = shown["moments"][-1]["session"]
    second = [item for item in shown["moments"] if item["session"] == last]
    at = next(number for number, item in enumerate(second) if item["event"] == "PostToolUseFailure")
    fix = recorded_fix(second[at]["subject"])
    assert fix in second[at]["advice"]
    ahead = [item for item in second[:at] if fix in item["advice"] and item["event"] != "PreToolUse"]
    assert ahead, "warned on its prompt or on an earlier result, before repeating it"
    first = [item for item in shown["moments"] if item["session"] != last]
    assert not [item for item in first if item["advice"]]


def test_the_demo_fits_a_terminal(home: Path) -> None:
    shown = spark(home, "demo")
    assert max(len(line) for line in shown.splitlines()) <= 80
    assert "spark hooks install all" in shown
    assert "refused" in shown
