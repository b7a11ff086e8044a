"""OpenCode's plugin against the whole system: what one session met, the next one is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from chassis.identifiers import new_ulid
from tests.integration.opencode.plugin_host import Call, PluginHost, errored, needs_node, ran, request, words
from tests.integration.system.coding_agent import Agent, failing, sequence_of, unknown_flag, working
from tests.integration.system.running_spark import Spark

pytestmark = [pytest.mark.usefixtures("unharmed"), needs_node]


async def learnt(system: Spark, folder: str) -> None:
    """Waits until all that came before is learnt."""
    async with system.http() as client:
        assert await system.settle(sequence_of(await Agent(client, folder).works("true")))


async def test_what_a_session_met_is_told_in_the_next_and_in_other_clients(system: Spark, tmp_path: Path) -> None:
    word, folder = "opencode", "/srv/opencode"
    host = PluginHost(system.home, tmp_path, folder)
    printed = unknown_flag(word).partition("\n")[2]
    first, second = new_ulid(), new_ulid()
    host.play(ran(first, f"{first}1", failing(word), 4, printed), ran(first, f"{first}2", working(word), 0, "done"))
    await learnt(system, folder)

    told = host.play(ran(second, f"{second}1", failing(word), 4, printed)).output(0)["output"]
    assert told.startswith(f"{printed}\n\nSpark, from earlier work in this project:\n")
    assert working(word) in told
    async with system.http() as client:
        reply = await Agent(client, folder).fails(failing(word), unknown_flag(word))
    assert working(word) in reply.text


async def test_a_tool_that_failed_before_is_answered_behind_its_error(system: Spark, tmp_path: Path) -> None:
    folder = "/srv/opencode-silent"
    host = PluginHost(system.home, tmp_path, folder)
    error = "File not found: docs/gone.md"

    def fails(session: str) -> Call:
        failed = errored(f"{session}1", "read", {"filePath": f"{folder}/docs/gone.md"}, error)
        return request(session, ("m1", "user", [words("go")]), ("m2", "assistant", [failed]))

    earlier, later = new_ulid(), new_ulid()
    found = {"tool": "read", "sessionID": earlier, "callID": f"{earlier}2"}
    found |= {"args": {"filePath": f"{folder}/docs/guide/gone.md"}}
    host.play(fails(earlier), {"hook": "tool.execute.after", "given": [found, {"output": "text", "metadata": {}}]})
    await learnt(system, folder)
    (_, last) = host.play(fails(later)).output(0)["messages"]
    told = last["parts"][0]["state"]["error"]
    assert told.startswith(f"{error}\n\nSpark, from earlier work in this project:\n")
    assert "docs/guide/gone.md" in told
