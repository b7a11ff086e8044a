"""Sessions of a real client that is wired in one of several ways, and how it gets wired."""

from __future__ import annotations

import os
import re
import shlex
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from bench.client_rigs import ClaudeRig, Rig
from bench.client_steps import Stopwatch, steps
from chassis.identity import local_token
from host.home import Run, write_run
from tests.clients.loopback import serving
from tests.clients.scripted_model import call, say
from tests.clients.spark_up import spark

NOTHING, TRUE, ECHO, SPARK = "no hooks", "`true` before and after", "Spark's hooks, to an echo", "Spark's hooks"
AROUND = "Spark's, before and after alone"
"""Of a client that has more of them at a call."""

TRIED = 3
"""Calls by which it is seen that hooks run at all."""
PATIENCE_S = 120.0
END = "That was all."
ANSWERED = frozenset({"advised", "silent", "nothing_to_see"})
HOOKS = re.compile(
    r'^spark_hooks_total\{client="(?P<client>[^"]+)",end="(?P<end>[^"]+)",event="(?P<event>\w+)"\} (?P<count>\S+)$',
    re.MULTILINE,
)


class BadSession(Exception):
    """A session did not go as it must, so that its times mean nothing."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One of the ways in which a client is wired; its user's home lies in the folder."""

    name: str
    folder: Path


async def session(rig: Rig, folder: Path, count: int) -> list[float]:
    """Seconds of each step of one session of so many calls.

    Raises:
        BadSession: when the client did not make them all.
    """
    repo = folder / "repo"
    repo.mkdir(parents=True, exist_ok=True)
    files = [repo / f"note-{number}.txt" for number in range(count)]
    for file in files:
        file.write_text("nothing new\n")
    calls = [rig.call(file) for file in files]
    model, agent = rig.made([*map(call, calls), say(END)], folder)
    watch = Stopwatch(model.app)
    async with serving(watch) as model.url:
        run = await agent.run("Read the notes.", timeout_s=PATIENCE_S)
    if run.exit_code or run.result != END:
        raise BadSession(f"{rig.name} ended with {run.exit_code}: {run.stderr[-2000:]}")
    return steps(watch.exchanges, [*(one.id for one in calls), END])


async def arms_of(rig: Rig, folder: Path, running: Run, home: Path, echo: int) -> list[Arm]:
    """The client wired in each of the ways: to the Spark of a home, and to an echo on a port in its place.

    Raises:
        BadSession: when it does not run the hooks that it is measured with.
    """
    nothing, true = Arm(NOTHING, folder / "nothing"), Arm(TRUE, folder / "true")
    ran = folder / "ran"
    rig.hook(true.folder, f"echo >> {shlex.quote(str(ran))}")
    await session(rig, true.folder, TRIED)
    if ran.read_text().count("\n") != TRIED * len(rig.around):
        raise BadSession(f"{rig.name} does not run the command that it is measured with")
    rig.hook(true.folder, "true")

    echoed, ours = Arm(ECHO, folder / "echo"), Arm(SPARK, folder / "spark")
    pretending = folder / "echo-home"
    pretend(pretending, echo)
    await wired(rig, echoed.folder, pretending)
    await wired(rig, ours.folder, home)
    await session(rig, ours.folder, TRIED)
    found = {event for (event, _), count in (await ends_of(running.http, rig.name)).items() if count >= TRIED}
    if found != set(rig.fires):
        raise BadSession(f"at each call {rig.name} runs {sorted(found)} of Spark's hooks")
    arms = [nothing, true, echoed, ours]
    if isinstance(rig, ClaudeRig):
        arms.append(Arm(AROUND, folder / "around"))
        await wired(rig, arms[-1].folder, home)
        rig.keep_only_around(arms[-1].folder)
    return arms


async def wired(rig: Rig, folder: Path, home: Path) -> None:
    """Has Spark's installer wire the client of a folder."""
    _, agent = rig.made([], folder)
    await spark(home, "hooks", "install", rig.name, "--trust", agent=agent)


def pretend(home: Path, port: int) -> None:
    """A home that says that Spark is on a port."""
    home.mkdir(parents=True)
    local_token(home)
    started = psutil.Process().create_time()
    url = f"http://127.0.0.1:{port}"
    write_run(home, Run(url, "", "", os.getpid(), started, services={"gateway": ""}))


async def metrics_of(url: str) -> str:
    """What the gateway counts."""
    async with httpx.AsyncClient(base_url=url) as gateway:
        return (await gateway.get("/metrics")).text


async def replied_ms(url: str, client: str) -> float:
    """Milliseconds from a hook's arrival in the gateway to its reply, mean of all of a client's.

    Raises:
        BadSession: when there was none.
    """
    told = await metrics_of(url)
    name = rf'^spark_hook_request_seconds_%s{{client="{client}"}} (\S+)$'
    total, count = (re.search(name % part, told, re.MULTILINE) for part in ("sum", "count"))
    if total is None or count is None:
        raise BadSession(f"Spark had no hook of {client}")
    return 1000 * float(total[1]) / float(count[1])


async def ends_of(url: str, client: str) -> Counter[tuple[str, str]]:
    """How many hooks of each event ended in each way."""
    counts: Counter[tuple[str, str]] = Counter()
    for found in HOOKS.finditer(await metrics_of(url)):
        if found["client"] == client:
            counts[found["event"], found["end"]] += int(float(found["count"]))
    return counts


def unanswered(ends: Counter[tuple[str, str]]) -> float:
    """The share of hooks that had no answer in their time."""
    return sum(count for (_, end), count in ends.items() if end not in ANSWERED) / max(1, ends.total())
