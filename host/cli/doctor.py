"""`spark doctor`: proves by a real round trip that each agent on this machine reaches Spark, and says what to do."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import click
import httpx

from chassis.identity import token_in
from gateway.clients.claude_code import hooks_file
from gateway.clients.hook_groups import hooks_of, own_entries
from gateway.clients.opencode import adapter as opencode
from gateway.clients.settings_document import read_settings
from gateway.clients.shim.command import OWN_ANSWER
from host.cli import connected
from host.cli.agents import AGENTS, Agent, Place
from host.cli.hooks import told_plainly
from host.cli.layout import path_row, say
from host.cli.running import print_json, run
from host.cli.wiring import SCOPES, Address, address_of, how_to_start
from host.home import read_run, spark_home

PATIENCE_S = 10.0
TRIES = 3
"""The shim gives up within 250 ms, which a busy machine may need for itself."""
SAMPLE = {"session_id": "spark-doctor", "hook_event_name": "SparkDoctor", "transcript_path": ""}
"""An event that no agent has, so that nothing is learnt from it; the gateway answers it all the same."""
BREAKER = "hook-breaker"


@dataclass(frozen=True)
class Trip:
    """One round trip through what is installed."""

    through: str
    answered: bool
    milliseconds: float
    unsent: str = ""
    """Why nothing could be sent; empty where something was."""


@dataclass
class Finding:
    """What was found out about one agent."""

    agent: Agent
    found: str
    places: list[Place]
    trips: list[Trip] = field(default_factory=list[Trip])
    problems: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])
    """What is no fault: not everybody wants Spark in every agent."""


@click.command("doctor")
@click.option("--json", "as_document", is_flag=True, help="One JSON document.")
def command(as_document: bool) -> None:
    """Check that the agents on this machine reach Spark, through the very hooks that they run.

    Ends in exit code 1 when something is wrong.
    """
    home = spark_home()
    with told_plainly():
        address = address_of(home, os.environ)
        findings = [examined(agent, home, address) for agent in AGENTS if agent.found()]
    general = general_problems(home, address, findings)
    healthy = not general and not any(each.problems for each in findings)
    if as_document:
        about = {"healthy": healthy, "url": address.url or None, "up": address.up, "problems": general}
        print_json({**about, "clients": [document(each) for each in findings]})
    else:
        show(address, general, findings)
    if not healthy:
        raise click.exceptions.Exit(1)


def general_problems(home: Path, address: Address, findings: list[Finding]) -> list[str]:
    """What is wrong for all agents."""
    names = ", ".join(agent.name for agent in AGENTS)
    return [
        *([] if address.up else [f"Spark is not up: {how_to_start(home)}"]),
        *far_problems(home),
        *(
            []
            if findings
            else [f"none of {names} was found on this machine: install one, then `spark hooks install all`"]
        ),
        *(
            ["no agent is connected: `spark hooks install all`"]
            if findings and not any(place.installed or place.troubles for each in findings for place in each.places)
            else []
        ),
        *(
            [f"hooks may leave Spark alone for 30 s after time-outs, as {home / BREAKER} notes: is the machine busy?"]
            if (home / BREAKER).exists()
            else []
        ),
    ]


def far_problems(home: Path) -> list[str]:
    """What is wrong with a Spark that others share, where this machine is connected to one."""
    running = read_run(home)
    if running is None or not running.fleet:
        return []
    found = run(lambda: connected.ask(running))
    return [f"agents get no advice for now: {trouble}" for trouble in found.troubles.values()]


def examined(agent: Agent, home: Path, address: Address) -> Finding:
    """Looks at one agent, and asks Spark as it would. Raises SettingsError, OSError."""
    finding = Finding(agent, agent.found(), [agent.place(scope, home, address) for scope in SCOPES])
    for place in finding.places:
        mend = f"`spark hooks install {agent.name} --{place.scope}`"
        finding.problems += [f"{place.scope}: {trouble}" for trouble in place.troubles]
        if not place.installed:
            continue
        if place.troubles:
            finding.problems.append(f"{place.scope}: {mend} mends what can be mended")
        if not address.up:
            continue
        trips = trips_of(agent, place, home, address)
        finding.trips += trips
        # While hooks leave Spark alone, as is said for all, to install anew would change nothing.
        advice = "" if (home / BREAKER).exists() else f"; {mend}, and see `spark status`"
        finding.problems += [
            f"{place.scope}: {trip.unsent or 'no answer'} through {trip.through}{advice}"
            for trip in trips
            if not trip.answered
        ]
    if not any(place.installed or place.troubles for place in finding.places):
        finding.notes.append(f"not connected; `spark hooks install {agent.name}` does it")
    return finding


def trips_of(agent: Agent, place: Place, home: Path, address: Address) -> list[Trip]:
    """Asks through what is wired in a file, where that is what Spark itself would wire now.

    A file of a project comes with its repository: whatever else it would run or ask is not run, and was told of.
    Raises SettingsError, OSError.
    """
    if agent.name == opencode.NAME:
        token = token_in(home / "token") or ""
        headers = {"Authorization": f"Bearer {token}"}
        return [through_http({"url": f"{address.url}/v1/hooks/{opencode.NAME}", "headers": headers})]
    if agent.name != "claude-code":
        commands = place.commands
    else:
        hooks = hooks_of(read_settings(place.settings), hooks_file.EVENTS)
        entries = [entry for groups in hooks.values() for _, entry in own_entries(groups, hooks_file.is_own)]
        commands = [str(entry["command"]) for entry in entries if "command" in entry]
        ours = f"{address.url}{hooks_file.HOOK_PATH}"
        http = next((entry for entry in entries if entry.get("url") == ours), None)
        if http is not None:
            return [through_http(http), *through_commands(agent, commands, home)]
    return through_commands(agent, commands, home)


def through_commands(agent: Agent, commands: Sequence[str], home: Path) -> list[Trip]:
    """Runs Spark's own command, where it is among them."""
    own = agent.command(home)
    return [through_command(own)] if own in commands else []


def through_command(command: str) -> Trip:
    """Runs Spark's command as its agent does."""
    payload = json.dumps({**SAMPLE, "cwd": os.getcwd()})
    took = 0.0
    for _ in range(TRIES):
        begun = time.perf_counter()
        try:
            done = subprocess.run(  # noqa: S603  (Spark's own command, as the agent runs it)
                ["sh", "-c", command],  # noqa: S607
                input=payload,
                capture_output=True,
                text=True,
                timeout=PATIENCE_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        took = (time.perf_counter() - begun) * 1000
        if done.returncode == 0 and is_object(done.stdout) and done.stdout.strip() != OWN_ANSWER:
            return Trip(command, answered=True, milliseconds=took)
    return Trip(command, answered=False, milliseconds=took)


def through_http(entry: dict[str, object]) -> Trip:
    """Sends what an http hook would, with its address and its headers."""
    url, given = str(entry.get("url")), cast("dict[str, object]", entry.get("headers") or {})
    headers = {**{name: str(value) for name, value in given.items()}, "Content-Type": "application/json"}
    begun, answered, unsent = time.perf_counter(), False, ""
    try:
        body = json.dumps({**SAMPLE, "cwd": os.getcwd()})
        reply = httpx.post(url, content=body, headers=headers, timeout=PATIENCE_S, trust_env=False)
        answered = reply.status_code == 200 and is_object(reply.text)
    except UnicodeError:
        unsent = "nothing can be sent, because a header has letters outside ASCII,"
    except (httpx.HTTPError, httpx.InvalidURL):
        pass
    return Trip(url, answered, (time.perf_counter() - begun) * 1000, unsent)


def is_object(text: str) -> bool:
    """Whether a reply is a JSON object, as every answer of the gateway is; a shim that got none prints nothing."""
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def document(finding: Finding) -> dict[str, object]:
    """One agent for JSON."""
    return {
        "client": finding.agent.name,
        "found": finding.found,
        "scopes": [place.document for place in finding.places],
        "round_trips": [
            {"through": each.through, "answered": each.answered, "milliseconds": round(each.milliseconds, 1)}
            for each in finding.trips
        ],
        "problems": finding.problems,
        "notes": finding.notes,
    }


def show(address: Address, general: list[str], findings: list[Finding]) -> None:
    """Prints it for a person."""
    say(f"Spark is {f'up at {address.url}' if address.up else 'not up'}")
    for problem in general:
        say(problem, "  - ")
    for each in findings:
        click.echo()
        well = "all is well" if address.up else "installed; nothing could be asked"
        well = "found" if each.notes else well
        say(f"{each.agent.title}: {'something is wrong' if each.problems else well}")
        path_row("  found", each.found)
        for place in each.places:
            if place.installed:
                path_row("  settings", place.settings)
        for trip in each.trips:
            state = f"answered in {trip.milliseconds:.0f} ms" if trip.answered else "no answer"
            path_row("  asked", f"{trip.through}: {state}")
        for line in (*each.problems, *each.notes):
            say(line, "  - ")
