"""Whatever is wrong with Spark, Codex and Gemini CLI finish their task, their models hear nothing of it, and no process
stays behind."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.clients.broken_gateway import NOISE, Answer, advise, announce, fail, garble, gateway, hang, trickle
from tests.clients.codex import Codex
from tests.clients.command_client import CommandClient, InstallAgent
from tests.clients.gemini import Gemini
from tests.clients.scripted_model import call, say

pytestmark = [pytest.mark.clients, pytest.mark.parametrize("client", [Codex, Gemini])]


HOOKS: dict[type[CommandClient], int] = {Codex: 10, Gemini: 7}
"""What the task below comes to: three calls with the hooks around each, and four hooks of the session's own."""


async def fixer_of(agent: InstallAgent, client: type[CommandClient], repo: Path, spark_home: Path) -> CommandClient:
    """A client that is wired to a Spark home, and has something to find and to fix."""
    value = repo / "value.txt"
    check = f"grep working {value.name}"
    fixer = await agent(
        client,
        call(client.shell(check)),
        call(client.edit(value, "broken", "working")),
        call(client.shell(check)),
        say("Fixed."),
    )
    value.write_text("broken\n")
    await fixer.connect(spark_home)
    return fixer


async def fix_the_file(fixer: CommandClient) -> None:
    """Let the client do it, and see that its model hears nothing of its hooks."""
    run = await fixer.run("Fix the value.")
    assert (run.exit_code, run.result, run.left) == (0, "Fixed.", []), f"{run.stdout}\n{run.stderr}"
    assert (fixer.repo / "value.txt").read_text() == "working\n"
    assert run.sources(NOISE) == [[], [], [], []]


@pytest.mark.parametrize("answer", [hang, trickle, garble, fail])
async def test_a_broken_gateway(
    answer: Answer, client: type[CommandClient], agent: InstallAgent, tmp_path: Path
) -> None:
    home = tmp_path / "spark"
    async with gateway(answer) as (url, heard):
        announce(home, url)
        await fix_the_file(await fixer_of(agent, client, tmp_path / "repo", home))
    if answer in {hang, trickle}:
        # The shim stops asking a gateway that let it wait three times, and that is to blame for it.
        assert heard[:3] == list(client.dialect.events[:3])
        assert len(heard) < HOOKS[client]
    else:
        assert len(heard) == HOOKS[client]


async def test_no_gateway(client: type[CommandClient], agent: InstallAgent, tmp_path: Path) -> None:
    home = tmp_path / "spark"
    # Bound but not listening: connections are refused, and the port stays ours, so nobody else can answer on it.
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        announce(home, f"http://127.0.0.1:{unheard.getsockname()[1]}")
        await fix_the_file(await fixer_of(agent, client, tmp_path / "repo", home))


async def test_no_shim(client: type[CommandClient], agent: InstallAgent, tmp_path: Path) -> None:
    home = tmp_path / "spark"
    async with gateway(advise) as (url, heard):
        announce(home, url)
        fixer = await fixer_of(agent, client, tmp_path / "repo", home)
        for program in (home / "bin").iterdir():
            program.unlink()
        await fix_the_file(fixer)
    assert heard == []
