"""What Spark's plugin for OpenCode asks, what it makes of an answer, and that nothing it meets disturbs the session."""

from __future__ import annotations

import json
import socket
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from gateway.clients.opencode import adapter
from gateway.clients.opencode.plugin_file import HOOKS
from tests.integration.opencode.plugin_host import (
    Call,
    PluginHost,
    created,
    errored,
    event,
    needs_node,
    prompted,
    ran,
    request,
    words,
)
from tests.integration.shim.gateways import PATIENCE_S, TOKEN, Gateway, gateway, http_reply, read_request, write_own

pytestmark = needs_node

ADVICE = "Spark, from earlier work in this project:\nuse --new"
ADVISED = http_reply(json.dumps({"advice": ADVICE}).encode())


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "spark ü home's"
    home.mkdir(mode=0o700)
    write_own(home / "token", TOKEN.encode() + b"\n")
    return home


@pytest.fixture
def host(home: Path, tmp_path: Path) -> PluginHost:
    return PluginHost(home, tmp_path)


@pytest.fixture
def advising(home: Path, tmp_path: Path) -> Generator[Gateway]:
    with gateway(home, tmp_path, ADVISED, tcp=True) as there:
        yield there


def asked(there: Gateway) -> list[dict[str, Any]]:
    return [json.loads(body) for _, body in there.requests]


def test_it_is_one_function_with_the_hooks_that_it_names(host: PluginHost) -> None:
    played = host.play()
    assert played.exported == 1, "OpenCode calls every export as a plugin"
    assert sorted(played.hooks) == sorted(HOOKS)


def test_a_call_is_told_and_answered_where_the_model_reads_it(host: PluginHost, advising: Gateway) -> None:
    played = host.play(ran("s", "c1", "make x", 0, "fine"), ran("s", "c2", "make y", 2, "broken"))
    assert played.output(0)["output"] == f"fine\n\n{ADVICE}"
    assert played.output(1)["output"] == f"broken\n\n{ADVICE}"
    ((head, _), _) = advising.requests
    assert head.startswith(b"POST /v1/hooks/opencode ")
    assert f"authorization: bearer {TOKEN}" in head.decode().lower()
    fine, broken = asked(advising)
    assert (fine["exit_code"], "error" in fine) == (0, False), "what a call printed that went well stays there"
    assert (broken["exit_code"], broken["error"], broken["cwd"]) == (2, "broken", host.directory)


def test_an_answer_of_an_mcp_tool_gets_a_part_more(host: PluginHost, advising: Gateway) -> None:
    del advising
    call: dict[str, Any] = {"tool": "toy_echo", "sessionID": "s", "callID": "c", "args": {}}
    given: list[Any] = [call, {"content": [{"type": "text", "text": "hi"}]}]
    played = host.play({"hook": "tool.execute.after", "given": given})
    assert played.output(0) == {"content": [{"type": "text", "text": "hi"}, {"type": "text", "text": ADVICE}]}


def test_a_prompt_is_what_the_user_typed_and_advice_follows_it(host: PluginHost, advising: Gateway) -> None:
    parts = [words("Fix it"), words("made up", synthetic=True)]
    reminded = ("m1", "user", parts)
    played = host.play(prompted("s", "m1", *parts), request("s", reminded), request("s", reminded))
    assert [each["prompt"] for each in asked(advising)] == ["Fix it"]
    assert played.output(0)["parts"] == parts, "what the user sees stays as it was"
    for place in (1, 2):
        (message,) = played.output(place)["messages"]
        assert [part["text"] for part in message["parts"]] == [f"Fix it\n\n{ADVICE}", "made up"]


def test_a_call_that_failed_without_a_hook_is_told_once_and_answered_in_the_same_request(
    host: PluginHost, advising: Gateway
) -> None:
    old = ("m0", "assistant", [errored("c0", "read", {"filePath": "/x"}, "of an earlier turn")])
    failed = errored("c1", "read", {"filePath": "/no"}, "File not found")
    messages = (old, ("m1", "user", [words("go")]), ("m2", "assistant", [failed]))
    played = host.play(request("s", *messages), request("s", *messages))
    for place in (0, 1):
        first, _, last = played.output(place)["messages"]
        assert first["parts"][0]["state"]["error"] == "of an earlier turn"
        assert last["parts"][0]["state"]["error"] == f"File not found\n\n{ADVICE}"
    (told,) = asked(advising)
    assert (told["hook_event_name"], told["tool_use_id"], told["error"]) == (
        "PostToolUseFailure",
        "c1",
        "File not found",
    )


def test_a_sub_agent_works_in_its_parent_s_session(host: PluginHost, advising: Gateway) -> None:
    host.play(created("s"), created("child", "s"), created("grandchild", "child"), ran("grandchild", "c", "ls", 0, ""))
    start, call = asked(advising)
    assert (start["hook_event_name"], start["session_id"], start["agent_id"]) == ("SessionStart", "s", "")
    assert (call["session_id"], call["agent_id"]) == ("s", "grandchild")


def test_what_it_sends_is_what_the_adapter_reads(host: PluginHost, advising: Gateway) -> None:
    host.play(
        created("s"),
        prompted("s", "m1", words("go")),
        ran("s", "c1", "make", 2, "broken"),
        event("session.idle", sessionID="s"),
        event("session.deleted", info={"id": "s"}),
        event("session.updated", info={"id": "s"}),
    )
    seen = [adapter.read(each) for each in asked(advising)]
    kinds = [each.event for each in seen if each.sightings]
    assert kinds == ["SessionStart", "UserPromptSubmit", "PostToolUse", "Stop", "SessionEnd"]
    assert {each.session_id for each in seen} == {"s"}


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00\xff garbage",
        http_reply(b"{}"),
        http_reply(b"[]"),
        http_reply(b"null"),
        http_reply(b'{"advice": 5}'),
        http_reply(b'{"advice"'),
        http_reply(b'{"advice": "no"}', b"500 Internal Server Error"),
        http_reply(b'{"advice": "no"}', length=4000),
        b"HTTP/1.1 307 Go on\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n",
    ],
)
def test_whatever_is_answered_the_session_goes_on(host: PluginHost, home: Path, tmp_path: Path, answer: bytes) -> None:
    with gateway(home, tmp_path, answer, tcp=True) as there:
        played = host.play(ran("s", "c1", "make", 2, "broken"))
        assert there.accepted >= 1
    assert played.output(0) == {"output": "broken", "metadata": {"exit": 2}}


ODD: list[Call] = [
    {"hook": "event", "given": [{}]},
    {"hook": "event", "given": [{"event": {"type": "session.created"}}]},
    {"hook": "chat.message", "given": [{}, {}]},
    {"hook": "tool.execute.after", "given": [{}, None]},
    {"hook": "experimental.chat.messages.transform", "given": [{}, {"messages": [{"info": {}}]}]},
    {"hook": "experimental.chat.messages.transform", "given": [{}, {}]},
]


@pytest.mark.parametrize("given", ODD)
def test_whatever_opencode_gives_no_hook_fails(host: PluginHost, advising: Gateway, given: dict[str, Any]) -> None:
    del advising
    host.play(given)


def test_a_gateway_that_hangs_is_left_alone_after_three_times(host: PluginHost, home: Path, tmp_path: Path) -> None:
    host.deadline_ms = 300
    with gateway(home, tmp_path, tcp=True) as there:

        def serve(connection: socket.socket) -> None:
            there.requests.append(read_request(connection))
            there.over.wait(PATIENCE_S)

        there.serve = serve
        played = host.play(*(ran("s", f"c{number}", "make", 2, "broken") for number in range(6)))
        assert [each["tool_use_id"] for each in asked(there)] == ["c0", "c1", "c2"]
    assert all(each["given"][1]["output"] == "broken" for each in played.done)


@pytest.mark.parametrize(
    "run",
    [
        {"http": "http://192.0.2.1:80"},
        {"http": "https://127.0.0.1:80"},
        {"http": "http://127.0.0.1.example.org:80"},
        {"pid": 2**22 + 1},
        {"pid": "x"},
    ],
)
def test_the_token_never_leaves_the_machine(host: PluginHost, advising: Gateway, run: dict[str, object]) -> None:
    advising.announce(**run)
    assert host.play(ran("s", "c", "make", 2, "broken")).output(0)["output"] == "broken"
    assert advising.accepted == 0


def test_files_that_others_may_write_are_not_believed(host: PluginHost, home: Path, advising: Gateway) -> None:
    for name in ("run.json", "token"):
        (home / name).chmod(0o620)
        host.play(ran("s", "c", "make", 2, "broken"))
        assert advising.accepted == 0
        (home / name).chmod(0o600)
    (home / "token").unlink()
    host.play(ran("s", "c", "make", 2, "broken"))
    assert advising.accepted == 0
