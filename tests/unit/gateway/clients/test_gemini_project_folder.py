"""Which folder a chat is about, found by the hash of its path."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import orjson
import pytest

from gateway.clients.gemini.chat import UNKNOWN_PROJECT, read_chat
from gateway.clients.json_lines import Problem

FOLDER = "/home/dev/my repo"
HASH = sha256(FOLDER.encode()).hexdigest()
AT = "2026-11-29T02:43:10.000Z"


@pytest.fixture
def chat(tmp_path: Path) -> Path:
    path = tmp_path / "tmp" / "my-repo" / "chats" / "session-2026-11-29T02-43-5c238f05.jsonl"
    path.parent.mkdir(parents=True)
    write(path, {"sessionId": "s", "projectHash": HASH, "startTime": AT})
    return path


def write(path: Path, *records: object) -> None:
    path.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))


def folders(chat: Path, folder: str = "") -> tuple[list[object], list[Problem]]:
    problems: list[Problem] = []
    return [hook.payload["cwd"] for hook in read_chat(chat, problems, folder)], problems


def test_it_stands_beside_the_chats(chat: Path) -> None:
    (chat.parent.parent / ".project_root").write_text(f"{FOLDER}\n")
    assert folders(chat) == ([FOLDER], [])


def test_it_stands_beside_the_history(chat: Path, tmp_path: Path) -> None:
    (tmp_path / "history" / "my-repo").mkdir(parents=True)
    (tmp_path / "history" / "my-repo" / ".project_root").write_text(FOLDER)
    assert folders(chat) == ([FOLDER], [])


def test_the_registry_knows_it(chat: Path, tmp_path: Path) -> None:
    (tmp_path / "projects.json").write_bytes(orjson.dumps({"projects": {"/home/dev/other": "other", FOLDER: "x"}}))
    assert folders(chat) == ([FOLDER], [])


def test_a_sub_agent_s_chat_lies_deeper(chat: Path) -> None:
    (chat.parent.parent / ".project_root").write_text(FOLDER)
    agent = chat.parent / "s" / "a.jsonl"
    agent.parent.mkdir()
    ran = {"id": "c", "name": "glob", "args": {"pattern": "*"}, "status": "success", "timestamp": AT}
    begun = {"sessionId": "a", "projectHash": HASH, "startTime": AT, "kind": "subagent"}
    write(agent, begun, {"id": "g", "type": "gemini", "timestamp": AT, "toolCalls": [ran]})
    assert folders(agent) == ([FOLDER], [])


def test_a_path_in_its_own_calls_tells_it(chat: Path) -> None:
    read = {"id": "c", "name": "read_file", "args": {"file_path": f"{FOLDER}/src/a.py"}, "status": "success"}
    said = {"id": "g", "type": "gemini", "timestamp": AT, "toolCalls": [{**read, "timestamp": AT}]}
    write(chat, orjson.loads(chat.read_bytes()), said)
    assert folders(chat) == ([FOLDER, FOLDER], [])


@pytest.mark.parametrize("registry", [b"", b"not JSON", b"[]", b'{"projects": [1]}', b'{"projects": {"/else": "x"}}'])
def test_where_nothing_tells_it_the_problem_says_what_to_do(chat: Path, tmp_path: Path, registry: bytes) -> None:
    (chat.parent.parent / ".project_root").write_text("/home/dev/some other")
    (tmp_path / "projects.json").write_bytes(registry)
    assert folders(chat) == ([], [Problem(chat, 1, UNKNOWN_PROJECT)])
    assert "--project" in UNKNOWN_PROJECT
    assert folders(chat, "/home/dev/named") == (["/home/dev/named"], [])
