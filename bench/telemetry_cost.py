"""`make bench-telemetry`: what telemetry costs a hook: two systems in turn, one that carries it and one that does not.

Both publish every moment and every decision; only the one stores them. Exits with 1 when, at an agent's pace, the 95th
percentile of a hook is more than 1.1 times as long with telemetry as without.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

import uvloop

from bench.hooks import Hooks
from bench.keep_alive import KeepAlive
from bench.lessons import mistakes
from bench.processes import system
from bench.report import Limit, console, keep, show_figures, show_limits
from bench.rounds import Plan, measured
from chassis.identity import local_token

EVENT = "PreToolUse"
WARM_UP = Plan(rounds=1, calls=300)
SPARSE = Plan(rounds=10, calls=60, idle_s=0.05)
"""A single agent's pace."""
BACK_TO_BACK = Plan(rounds=10, calls=200)
LIMIT = 1.1
ARMS = {"with": (), "without": ("--without", "telemetry")}


async def bench(folder: Path) -> bool:
    """Measures, reports and keeps the record; whether the limit holds."""
    known = list(islice(mistakes(), 500))
    with ExitStack() as open_now:
        subjects: list[Hooks] = []
        for name, words in ARMS.items():
            home = folder / name
            home.mkdir()
            run = open_now.enter_context(system(home, None, *words))
            address = urlsplit(run.http)
            headers = {"authorization": f"Bearer {local_token(home)}"}
            client = KeepAlive(str(address.hostname), int(address.port or 0), "/v1/hooks/claude-code", headers)
            subjects.append(Hooks(name, EVENT, client, known))
        await measured(subjects, WARM_UP)
        sparse = await measured(subjects, SPARSE)
        close = await measured(subjects, BACK_TO_BACK)
    show_figures("At an agent's pace, 50 ms between hooks", sparse)
    show_figures("Back to back", close)
    ratio = sparse["with"].p95 / sparse["without"].p95
    console.print(f"back to back: p95 {close['with'].p95 / close['without'].p95:.2f} times")
    holds = show_limits([Limit("p95 with telemetry beside without", ratio, LIMIT, "times")])
    keep("telemetry_cost", {"sparse": {name: row.as_json() for name, row in sparse.items()}, "ratio": ratio})
    return holds


def main() -> None:
    """Runs the benchmark in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="spark-bench-") as folder:
        sys.exit(0 if uvloop.run(bench(Path(folder))) else 1)


if __name__ == "__main__":
    main()
