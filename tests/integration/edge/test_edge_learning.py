"""What one machine goes through is told on others, and no more of it leaves the machine than that."""

from __future__ import annotations

import json
import ssl
from pathlib import Path

import trustme

from tests.integration.edge.machine import clone, connected_to
from tests.integration.edge.wire import wire_to
from tests.integration.system.coding_agent import Agent, advice_in, failing, sequence_of, unknown_flag, working
from tests.integration.system.running_spark import HOOK_PATH, Spark

ORIGIN = "https://git.example.com/team/shop.git"
SECRET = "ghp_" + "a1B2c3D4e5" * 3 + "F6g7H8"


async def test_a_fix_from_one_machine_is_told_on_another_in_its_own_clone(fleet: Spark, tmp_path: Path) -> None:
    ours, theirs = clone(tmp_path / "a" / "shop", ORIGIN), clone(tmp_path / "b" / "src" / "shop", ORIGIN)
    async with (
        connected_to(tmp_path / "one", fleet.run.http, token=fleet.token) as one,
        connected_to(tmp_path / "two", fleet.run.http, token=fleet.token) as two,
        one.http() as here,
        two.http() as there,
    ):
        learnt = await Agent(here, ours).learns("shared")
        await fleet.settle(sequence_of(learnt))
        told = await Agent(there, theirs).fails(failing("shared"), unknown_flag("shared"))
        assert working("shared") in advice_in(told)
        assert told.headers["spark-route"] == "packet_exact"
        elsewhere = await Agent(there, clone(tmp_path / "other", "https://git.example.com/team/other.git")).fails(
            failing("shared"), unknown_flag("shared")
        )
        assert advice_in(elsewhere) == ""


async def test_secrets_stay_on_the_machine_and_what_is_sent_goes_by_tls(fleet: Spark, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)  # pyright: ignore[reportUnknownMemberType]
    trusting = {"SPARK_TLS_CA": str(tmp_path / "ca.pem")}
    async with (
        wire_to(fleet.run.http, context) as wire,
        connected_to(tmp_path / "one", wire.url, token=fleet.token, environment=trusting) as machine,
        machine.http() as client,
    ):
        agent = Agent(client, "/srv/secret")
        reply = await agent.fails(f"curl -H 'Authorization: Bearer {SECRET}' x", f"401 for token {SECRET}")
        assert sequence_of(reply) > 0
        reply = await agent.prompts(f"My password is {SECRET}, deploy it")
        assert sequence_of(reply) > 0
        chat = {"session_id": "secret", "text": f"my password is {SECRET}"}
        assert (await client.post("/v1/chat", json=chat)).status_code == 200
    assert b"my password is" in wire.sent
    assert wire.url.startswith("https://")
    assert b"[redacted:" in wire.sent
    assert SECRET.encode() not in wire.sent
    assert SECRET not in machine.said


async def test_what_a_client_tells_by_a_file_is_read_where_the_file_is(fleet: Spark, tmp_path: Path) -> None:
    rollout = tmp_path / "rollout-1.jsonl"
    item = {"type": "CommandExecution", "id": "c1", "exit_code": 4}
    rollout.write_text(json.dumps({"payload": {"type": "item_completed", "item": item}}) + "\n")
    hook = {
        "hook_event_name": "PostToolUse",
        "session_id": "codex-1",
        "turn_id": "t",
        "cwd": "/srv/codex",
        "transcript_path": str(rollout),
        "tool_name": "Bash",
        "tool_use_id": "c1",
        "tool_input": {"command": failing("codex")},
        "tool_response": unknown_flag("codex"),
    }
    async with (
        connected_to(tmp_path / "one", fleet.run.http, token=fleet.token) as machine,
        machine.http() as client,
    ):
        reply = await client.post(HOOK_PATH.replace("claude-code", "codex"), json=hook)
        assert reply.status_code == 200
        await fleet.settle(sequence_of(reply))
    assert await fleet.occurrences(failing("codex")) == 1
