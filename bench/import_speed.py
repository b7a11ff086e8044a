"""`make bench-import DATA=PATH`: transcripts are learnt at 5 MB/s of raw JSON or more, and the second time not again.

Takes a path, because recordings of others are not part of this repository. Exits with 1 when a limit is broken.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from typing import Any

from bench.report import Limit, console, show_limits

MB_PER_S = 5.0


def imported(home: str, paths: list[str]) -> dict[str, Any]:
    """The report of one `spark import` in a folder of its own."""
    command = [sys.executable, "-m", "host.cli", "import", *paths, "--json"]
    done = subprocess.run(command, env={**os.environ, "SPARK_HOME": home}, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def main() -> int:
    """Imports twice and reports; returns the exit code."""
    if len(sys.argv) < 2:
        console.print("name transcripts: python -m bench.import_speed PATH...")
        return 2
    with tempfile.TemporaryDirectory(prefix="spark-") as home:
        first, second = imported(home, sys.argv[1:]), imported(home, sys.argv[1:])
    for name, report in (("first", first), ("second", second)):
        moments = report["moments"]
        console.print(
            f"{name}: {report['raw_bytes'] / 1e6:.1f} MB in {report['seconds']:.1f} s, {report['mb_per_s']:.1f} MB/s; "
            f"{moments['new']:,} new moments, {moments['known']:,} known, {report['lessons']} lessons"
        )
    limits = [
        Limit("seconds for each MB, first import", 1 / first["mb_per_s"], 1 / MB_PER_S, "s"),
        Limit("moments learnt again, second import", second["moments"]["new"], 0, ""),
        Limit("lessons that came of it", abs(second["lessons"] - first["lessons"]), 0, ""),
    ]
    return 0 if show_limits(limits) else 1


if __name__ == "__main__":
    sys.exit(main())
