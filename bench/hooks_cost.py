"""`make bench-hooks`: what a command hook costs, from starting the shim to the end of what it printed.

Interleaved in one run: starting `true`, the shim with no gateway, the shim asking a bare HTTP echo on its port, the
gateway's answer alone over a kept connection, and the whole hook through the shim and Spark; with PEER='command'
(several by --peer) that command too, by a shell and with the same event, and our hook by a shell beside it. Exits with
1 when a limit is broken.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from itertools import islice
from pathlib import Path

import orjson
import uvloop

from bench import sessions, store
from bench.hooks import ROOT, Hooks, payload_in, session_ids
from bench.hot_path import connected
from bench.keep_alive import KeepAlive
from bench.lessons import Mistake, lesson_from, mistakes, today
from bench.processes import floor, system
from bench.report import Limit, console, keep, show_figures, show_limits
from bench.rounds import Figures, Plan, Subject, figures, measured, times_over
from bench.spawned import BadOutput, Ended, Spawned, ended, program, shell, start
from chassis.identity import local_token
from gateway.clients.shim.command import hook_command
from gateway.clients.shim.native import FOLDER, TARGETS, binary_name, install_native
from gateway.repository import Repository
from host.home import Run

CLIENT = "claude-code"
EVENT = "PreToolUse"
PACKETS = 5_000

WARM_UP = Plan(rounds=1, calls=100)
BACK_TO_BACK = Plan(rounds=10, calls=100)
SPARSE = Plan(rounds=4, calls=25, idle_s=0.05)
"""A single agent's pace: every process has gone to sleep in between."""
AT_ONCE = 16
BURSTS = 10
DEADLINE_MS = 250
HANGING_RUNS = 20

LIMIT_TIMES = 1.2
LIMIT_TIMES_SPARSE = 1.6
LIMIT_P99_MS = 10.0
LIMIT_LATE_MS = 20.0
LIMIT_KB = 100.0


async def bench(home: Path, peers: Sequence[str]) -> bool:
    """Measures, reports and keeps the record; whether the limits hold."""
    shim = install_native(home)
    if shim is None:
        raise SystemExit("no native shim is shipped for this machine: there is nothing to measure")
    async with AsyncExitStack() as open_now:
        run = open_now.enter_context(system(home))
        known = list(islice(mistakes(), PACKETS))
        names = ("hook", "by sh", *peers)
        await filled(run, known, [each for name in (*names, "gateway") for each in session_ids(name, total_hooks())])
        nowhere = Path(open_now.enter_context(tempfile.TemporaryDirectory()))
        echo = open_now.enter_context(
            announced(http=f"http://127.0.0.1:{open_now.enter_context(floor('bench.echo_http'))}")
        )
        true, hook = starting("true", known), whole_hook(shim, home, known)
        silent = Spawned("shim, no gateway", program(shim, *words(nowhere)), events("nobody", known), silent_success)
        echoed = Spawned("shim and echo", program(shim, *words(echo)), events("echo", known), answered)
        subjects: list[Subject] = [true, silent, echoed, gateway(open_now, run, home, known), hook]
        subjects += beside(peers, shim, home, known)
        await measured(subjects, WARM_UP)
        close = await measured(subjects, BACK_TO_BACK)
        sparse = await measured(subjects, SPARSE)
        bursts = {each.name: at_once(each) for each in (true, hook)}
    return concluded(close, sparse, bursts, deadline_kept(shim))


def words(home: Path) -> list[str]:
    """What the shim is given."""
    return ["--client", CLIENT, "--home", str(home)]


def events(name: str, known: Sequence[Mistake]) -> Callable[[int], bytes]:
    """Hooks of sessions of their own, by their number."""
    return lambda number: orjson.dumps(payload_in(name, EVENT, known, number))


def starting(name: str, known: Sequence[Mistake]) -> Spawned:
    """The floor: a program that does nothing, started in the same way with the same event."""
    found = shutil.which(name)
    assert found is not None
    return Spawned(name, program(Path(found)), events(name, known), silent_success)


def whole_hook(shim: Path, home: Path, known: Sequence[Mistake]) -> Spawned:
    """The shim asking Spark."""
    return Spawned("hook", program(shim, *words(home)), events("hook", known), answered)


def beside(peers: Sequence[str], shim: Path, home: Path, known: Sequence[Mistake]) -> list[Spawned]:
    """Other commands by a shell, and our own as an installer words it."""
    if not peers:
        return []
    ours = hook_command(shim, home, CLIENT, sys.executable)
    theirs = [Spawned(peer, shell(peer), events(peer, known), lambda _: True) for peer in peers]
    return [Spawned("by sh", shell(ours), events("by sh", known), answered), *theirs]


def gateway(open_now: AsyncExitStack, run: Run, home: Path, known: Sequence[Mistake]) -> Hooks:
    """Spark's answer alone."""
    host, _, port = run.http.removeprefix("http://").rpartition(":")
    client = KeepAlive(host, int(port), f"/v1/hooks/{CLIENT}", {"authorization": f"Bearer {local_token(home)}"})
    open_now.callback(client.close)
    return Hooks("gateway", EVENT, client, known)


def silent_success(result: Ended) -> bool:
    """Whether nothing was printed, as there is nobody to ask."""
    return result.status == 0 and not result.output


def answered(result: Ended) -> bool:
    """Whether the gateway's reply was printed."""
    return result.status == 0 and result.output.startswith(b"{") and result.output.endswith(b"}")


async def filled(run: Run, known: Sequence[Mistake], ids: Sequence[str]) -> None:
    """Fills the store with what three of four hooks are about."""
    here, now = Repository(ROOT).project_id, today()
    lessons = [lesson_from(mistake, here, index, now) for index, mistake in enumerate(known)]
    async with connected(run.database_url) as connection:
        await store.fill(connection, lessons, [here])
        await sessions.begin(connection, ids, here, [packet.lesson_id for packet in lessons], now)


def at_once(subject: Spawned) -> Figures:
    """Sixteen started together, again and again."""
    return figures([subject.at_once(AT_ONCE) for _ in range(BURSTS)])


@contextlib.contextmanager
def announced(**where: str) -> Generator[Path]:
    """A home that says where a gateway is."""
    with tempfile.TemporaryDirectory(prefix="spark-") as folder:
        home = Path(folder)
        body = json.dumps({"socket": "", "http": "", "pid": os.getpid(), **where})
        for name, text in (("run.json", body), ("token", "of-no-use-to-an-echo")):
            (home / name).touch(0o600)
            (home / name).write_text(text, encoding="utf-8")
        yield home


@contextlib.contextmanager
def hanging() -> Generator[Path]:
    """The home of a gateway that lets itself be reached and never answers."""
    with tempfile.TemporaryDirectory(prefix="spark-") as folder, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/s")
        listener.listen(HANGING_RUNS + 1)
        with announced(socket=f"unix://{folder}/s") as home:
            yield home


def deadline_kept(shim: Path) -> list[float]:
    """Milliseconds beyond the deadline that the shim took with a gateway that hangs, its start included."""
    late: list[float] = []
    with hanging() as home:
        for _ in range(HANGING_RUNS):
            result = ended(start([str(shim), *words(home), "--deadline-ms", str(DEADLINE_MS)], b"{}"))
            # Each time the breaker is closed again.
            if not silent_success(result) or not (home / "hook-breaker").exists():
                raise BadOutput("the shim did not time out")
            (home / "hook-breaker").unlink()
            late.append(1000 * result.seconds - DEADLINE_MS)
    return late


def concluded(
    close: dict[str, Figures], sparse: dict[str, Figures], bursts: dict[str, Figures], late: Sequence[float]
) -> bool:
    """Shows and keeps the figures; whether the limits hold."""
    show_figures("Back to back", close)
    show_figures(f"Sparse: {1000 * SPARSE.idle_s:.0f} ms of silence before each", sparse)
    show_figures(f"{AT_ONCE} at once", bursts)
    for title, rows in (("back to back", close), ("sparse", sparse)):
        times = ", ".join(
            f"{name} {times_over(row, (rows['true'],)):.2f}" for name, row in rows.items() if name != "true"
        )
        console.print(f"times `true`, {title}: {times}")
    sizes = {platform: (FOLDER / binary_name(platform)).stat().st_size for platform in TARGETS}
    limits = [
        *over_true("hook", close, sparse),
        # What is the shim's own of it: it must not hide behind a gateway that breaks the limit by itself.
        *over_true("shim and echo", close, sparse),
        Limit("hook back to back, p99", close["hook"].p99, LIMIT_P99_MS, "ms"),
        Limit("past the deadline with a hanging gateway, worst", max(late), LIMIT_LATE_MS, "ms"),
        Limit("largest binary", max(sizes.values()) / 1024, LIMIT_KB, "KB"),
    ]
    path = keep(
        "hooks_cost",
        {
            "back_to_back_ms": {name: row.as_json() for name, row in close.items()},
            "sparse_ms": {name: row.as_json() for name, row in sparse.items()},
            "at_once_ms": {name: row.as_json() for name, row in bursts.items()},
            "late_ms": late,
            "bytes": sizes,
            "limits": [{**asdict(limit), "holds": limit.holds} for limit in limits],
        },
    )
    console.print(f"load {os.getloadavg()[0]:.1f}; kept in {path.name}")
    return show_limits(limits)


def over_true(name: str, close: dict[str, Figures], sparse: dict[str, Figures]) -> list[Limit]:
    """How many times as long as starting `true` something takes."""
    times, times_sparse = (times_over(rows[name], (rows["true"],)) for rows in (close, sparse))
    return [
        Limit(f"{name} over `true` back to back, p50", times, LIMIT_TIMES, "times"),
        Limit(f"{name} over `true` sparse, p50", times_sparse, LIMIT_TIMES_SPARSE, "times"),
    ]


def total_hooks() -> int:
    """Hooks that each subject sends at most."""
    return WARM_UP.total + BACK_TO_BACK.total + SPARSE.total + AT_ONCE * BURSTS


def main() -> None:
    """Runs in a throw-away data folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--peer", action="append", default=[], help="a command to time beside ours, as a client runs it"
    )
    peers: list[str] = parser.parse_args().peer
    with tempfile.TemporaryDirectory(prefix="spark-bench-") as home:
        began = time.perf_counter()
        held = uvloop.run(bench(Path(home), peers))
        console.print(f"{time.perf_counter() - began:.0f} s in all")
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
