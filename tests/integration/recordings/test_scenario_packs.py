"""`make replay` on one written pack, as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]


def replayed(*words: str) -> tuple[int, str]:
    """The exit code and what was printed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SPARK_")}
    done = subprocess.run(
        [sys.executable, "-m", "bench.replay", "--pack", "testing-debug", *words],
        cwd=ROOT,
        env=kept,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_a_pack_is_played_judged_and_reported() -> None:
    code, printed = replayed("--json")
    report: dict[str, Any] = json.loads(printed)
    (pack,) = report["packs"]
    figures = pack["figures"]
    assert figures["answered"]["share"] == 1
    assert (figures["first_call"]["share"], figures["more_specific"]["share"], figures["not_repeated"]["share"]) == (
        1,
        1,
        1,
    )
    assert figures["labels"]["of"] - figures["labels"]["count"] == len(pack["missed"])
    assert pack["called_too_noisy"]
    assert all(moment["pieces"] or moment["silence"] for missed in pack["missed"] for moment in missed["moments"])
    assert report["cuts_not_run"]
    assert code == bool(report["broken"])
