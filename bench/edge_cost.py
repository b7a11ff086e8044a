"""`make bench-edge`: a hook through a machine connected to a shared Spark, beside the same hook to that Spark itself.

Both are on loopback, so that what is between them in life, the network, is not in it: the difference is what reading a
hook apart costs. Both say the same of the same 5,000 packets. Exits with 1 when a hook through the machine takes more
than three times as long as the direct one, at the median.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import asyncpg
import psutil
import uvloop

from bench import store
from bench.hooks import EVENTS, ROOT, Hooks
from bench.keep_alive import KeepAlive
from bench.lessons import lesson_from, mistakes, today
from bench.processes import connected, system
from bench.report import Limit, console, keep, show_figures, show_limits
from bench.rounds import Plan, measured
from chassis.identity import local_token
from gateway.repository import Repository

PACKETS = 5_000
WARM_UP = Plan(rounds=1, calls=100)
PLAN = Plan(rounds=15, calls=60)
LIMIT_TIMES = 3.0


async def bench(folder: Path) -> bool:
    """Measures, reports and keeps the record; whether the limit holds."""
    with ExitStack() as open_now:
        shared = open_now.enter_context(system(folder / "shared"))
        machine = open_now.enter_context(connected(folder / "machine", shared, local_token(folder / "shared")))
        known = list(islice(mistakes(), PACKETS))
        connection = await asyncpg.connect(shared.database_url)
        here, now = Repository(ROOT).project_id, today()
        await store.fill(connection, [lesson_from(each, here, place, now) for place, each in enumerate(known)], [here])
        await connection.close()
        subjects: list[Hooks] = []
        for event in EVENTS:
            for way, run, home in (("direct", shared, "shared"), ("connected", machine, "machine")):
                host, _, port = run.http.removeprefix("http://").rpartition(":")
                headers = {"authorization": f"Bearer {local_token(folder / home)}", "user-agent": "bench"}
                client = KeepAlive(host, int(port), "/v1/hooks/claude-code", headers)
                open_now.callback(client.close)
                subjects.append(Hooks(f"{event}, {way}", event, client, known))
        await measured(subjects, WARM_UP)
        figures = await measured(subjects, PLAN)
        memory = psutil.Process(machine.pid).memory_info().rss / 2**20
    show_figures("A hook to a shared Spark", figures)
    console.print(f"The machine's process: {memory:.0f} MiB resident; load {os.getloadavg()[0]:.1f}")
    for each in subjects:
        console.print(f"{each.name}: advice at {each.tally.share:.0%} of {each.tally.hooks:,} moments")
    limits = [
        Limit(
            f"{event} connected over direct",
            figures[f"{event}, connected"].p50 / figures[f"{event}, direct"].p50,
            LIMIT_TIMES,
            "times",
        )
        for event in EVENTS
    ]
    keep("edge_cost", {"ms": {name: row.as_json() for name, row in figures.items()}, "resident_mib": memory})
    return show_limits(limits)


def main() -> None:
    """Runs in throw-away data folders."""
    with tempfile.TemporaryDirectory(prefix="spark-bench-") as folder:
        holds = uvloop.run(bench(Path(folder)))
    sys.exit(0 if holds else 1)


if __name__ == "__main__":
    main()
