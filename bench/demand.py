"""`make bench-demand DATA=PATH`: what a developer's day with a coding agent asks of Spark, counted in transcripts.

Takes a path, because recordings of others are not part of this repository; only counts leave it. A developer is the
home folder in which a session was, a day is one of UTC with at least one hook of theirs. Live clients also send one
PostToolBatch for each step of the model that calls tools, which transcripts do not hold: as many are added as there
are calls, the most there can be.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from statistics import median

from bench.fleet_model.measured import record
from bench.report import console
from gateway.clients.recorded import RecordedHook
from host.recordings.transcripts import Reader

HOURS = 24
STEP = "PostToolBatch"
CALL = "PreToolUse"


@dataclass(frozen=True)
class Demand:
    """Counts alone."""

    developers: int
    developer_days: int
    sessions: int
    hooks_a_day: float
    """Mean of a developer's days, with one PostToolBatch for each call."""
    hooks_median_day: float
    hooks_busiest_day: int
    calls_a_day: float
    prompts_a_day: float
    failures_a_day: float
    active_hours_a_day: float
    """Hours of the clock with at least one hook."""
    busiest_hour_factor: float
    """Hooks in the busiest hour of the day, all days together, over the mean hour."""
    busiest_minute: int
    """Hooks of one developer."""


def counted(hooks: Iterable[RecordedHook]) -> Demand:
    """What hooks of several developers say of a day."""
    days: Counter[tuple[str, str]] = Counter()
    hours: Counter[int] = Counter()
    active: set[tuple[str, str, int]] = set()
    minutes: Counter[tuple[str, str]] = Counter()
    events: Counter[str] = Counter()
    sessions: set[str] = set()
    for hook in hooks:
        event = str(hook.payload["hook_event_name"])
        weight = 2 if event == CALL else 0 if event == STEP else 1
        developer = "/".join(PurePosixPath(str(hook.payload.get("cwd", ""))).parts[:3])
        at = hook.occurred_at
        day = f"{at:%Y-%m-%d}"
        events[event] += 1
        sessions.add(str(hook.payload["session_id"]))
        days[developer, day] += weight
        hours[at.hour] += weight
        active.add((developer, day, at.hour))
        minutes[developer, f"{at:%Y-%m-%dT%H:%M}"] += weight
    number, total = len(days), sum(days.values())
    return Demand(
        developers=len({developer for developer, _ in days}),
        developer_days=number,
        sessions=len(sessions),
        hooks_a_day=total / number,
        hooks_median_day=median(days.values()),
        hooks_busiest_day=max(days.values()),
        calls_a_day=events[CALL] / number,
        prompts_a_day=events["UserPromptSubmit"] / number,
        failures_a_day=(events["PostToolUseFailure"] + events[STEP]) / number,
        active_hours_a_day=len(active) / number,
        busiest_hour_factor=HOURS * max(hours.values()) / total,
        busiest_minute=max(minutes.values()),
    )


def main() -> int:
    """Counts and keeps the counts; returns the exit code."""
    if len(sys.argv) < 2:
        console.print("name transcripts: python -m bench.demand PATH...")
        return 2
    reader = Reader()
    transcripts = reader.find(Path(path) for path in sys.argv[1:])
    found = counted(hook for transcript in transcripts for hook in reader.hooks(transcript))
    console.print(found)
    console.print(f"kept in {record('demand', found)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
