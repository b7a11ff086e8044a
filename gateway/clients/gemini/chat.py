"""Gemini CLI's chats as the hook calls that their live sessions would have made (format as measured on 0.61.0).

A chat is a file of records, of older clients one JSON document. Hooks of it say more than live ones: `recorded_id` is
the chat's own id of a call or prompt; `exit_code` and `error` say how a call ended, so that what a command printed
need not travel; `rejected` marks what the user refused, of which no live hook tells; `agent_id` names a sub-agent. A
call that the client itself would not run (no such tool in this mode, its policy) says nothing about the project and
is left out, and so is an interruption.

The first record of a call counts. What the client writes again stays out: a resumed session repeats all that was said,
in `$set`, with new times and without how calls ended.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from gateway.clients.fields import NOTHING, Payload, mapping, objects, text_in
from gateway.clients.gemini.adapter import SAID_BY_HOOKS, typed_in
from gateway.clients.gemini.project_folder import CHATS, folder_of
from gateway.clients.gemini.results import SHELL, command_result
from gateway.clients.json_lines import Line, Problem, read_document, read_lines
from gateway.clients.recorded import RecordedHook
from gateway.times import time_in

NAME = re.compile(r"session-\d{4}-\d\d-\d\dT\d\d-\d\d-.{1,8}\.jsonl?(?:\.gz)?")
BEGINNING = datetime.min.replace(tzinfo=UTC)
DENIED = re.compile(r"\[Operation Cancelled\] Reason: User (?:denied execution|did not allow tool call)")
"""The second is that of clients before 0.61."""
NEVER_RAN = re.compile(r'Tool "[^"]*" not found\b|Tool execution (?:for .{1,200} )?denied by policy')
SERVED = re.compile(r"(.+) \((.+) MCP Server\)")
"""How a call of an MCP tool is shown; in its name nobody can tell where the server's ends."""
NOT_TYPED = ("<session_context>", "/", "?")
"""What the client says of itself, and commands to it."""
UNKNOWN_PROJECT = (
    "nothing here says which folder it is about (only a hash of its path is written): `spark import --project FOLDER` "
    "takes it for that folder's"
)


def is_chat(path: Path) -> bool:
    """Whether a file is a chat: by its name, a sub-agent's by where it lies and what it begins with."""
    if NAME.fullmatch(path.name):
        return True
    if path.parent.parent.name != CHATS or not path.name.endswith((".jsonl", ".jsonl.gz")):
        return False
    first = next(read_lines(path, []), None)
    return first is not None and "projectHash" in first.value


def read_chat(path: Path, problems: list[Problem], folder: str = "") -> Iterator[RecordedHook]:
    """Yields the hook calls of one chat; whatever cannot be read is skipped and added to `problems`.

    A `folder` that is given is the project's; otherwise what lies around the chat has to name it.
    """
    chat = _Chat(path, problems, folder)
    for line in _records(path, problems):
        yield from chat.hooks(line)
    if not chat.session_id:
        problems.append(Problem(path, 0, "does not say whose session it is"))


def _records(path: Path, problems: list[Problem]) -> Iterator[Line]:
    return read_document(path, problems) if path.suffix == ".json" else read_lines(path, problems)


@dataclass(slots=True)
class _Chat:
    """What later records refer to."""

    path: Path
    problems: list[Problem]
    folder: str
    now: datetime = BEGINNING
    session_id: str = ""
    agent_id: str = ""
    told: set[str] = field(default_factory=set[str])
    """Ids of the calls and prompts that were told."""

    def hooks(self, line: Line) -> Iterator[RecordedHook]:
        """The hooks that a record stands for; none before it is known whose and where the session is."""
        record = line.value
        if "projectHash" in record and not self.session_id:
            yield from self.begun(line)
        if not self.session_id or not self.folder:
            return
        for message in objects(record.get("messages")) or [record]:
            yield from self.message(line.number, message)

    def begun(self, line: Line) -> Iterator[RecordedHook]:
        """The session; a sub-agent's chat lies in a folder that has its parent's id."""
        own, is_agent = text_in(line.value, "sessionId"), line.value.get("kind") == "subagent"
        if is_agent and self.path.parent.parent.name == CHATS:
            self.session_id, self.agent_id = self.path.parent.name, own
        else:
            self.session_id = own
        if not self.session_id:
            return
        if not self.folder:
            raw = (each.raw for each in _records(self.path, []))
            self.folder = folder_of(self.path, text_in(line.value, "projectHash"), raw)
        if not self.folder:
            self.problems.append(Problem(self.path, line.number, UNKNOWN_PROJECT))
        elif not self.agent_id and (at := self.time(line.number, line.value.get("startTime"))):
            yield self.hook("SessionStart", at, None, source="startup")

    def message(self, number: int, message: Payload) -> Iterator[RecordedHook]:
        """What was said, or called."""
        kind = message.get("type")
        if kind not in ("user", "gemini"):
            return
        calls = objects(message.get("toolCalls")) if kind == "gemini" else []
        typed = _typed(message) if kind == "user" and not self.agent_id else ""
        if not calls and not typed:
            return
        at = self.time(number, message.get("timestamp"))
        if at is None:
            return
        prompt_id = text_in(message, "id") or f"{text_in(message, 'timestamp')} {typed}"
        if typed and prompt_id not in self.told:
            self.told.add(prompt_id)
            yield self.hook("BeforeAgent", at, at, prompt=typed, recorded_id=prompt_id)
        for call in calls:
            yield from self.call(number, call, at)

    def call(self, number: int, call: Payload, began: datetime) -> Iterator[RecordedHook]:
        """A call that came back."""
        ended, call_id, name, arguments = _ended(call), text_in(call, "id"), text_in(call, "name"), call.get("args")
        if not call_id or not name or not isinstance(arguments, dict):
            self.problems.append(Problem(self.path, number, "a call without id, name or arguments"))
            return
        if ended is None or call_id in self.told:
            return
        self.told.add(call_id)
        at = self.time(number, call.get("timestamp"))
        if at is None:
            return
        served = SERVED.fullmatch(text_in(call, "displayName")[:500]) if name.startswith("mcp_") else None
        mcp = {"mcp_context": {"tool_name": served[1], "server_name": served[2]}} if served else {}
        told = {"tool_name": name, "tool_input": cast("dict[str, object]", arguments), **mcp, **ended}
        yield self.hook("AfterTool", at, min(began, at), **told, recorded_id=call_id)

    def time(self, number: int, stamp: object) -> datetime | None:
        """When something happened; None, and a problem, where that is not written."""
        try:
            return time_in(stamp)
        except ValueError as error:
            self.problems.append(Problem(self.path, number, f"no time: {error}"))
            return None

    def hook(self, event: str, at: datetime, began_at: datetime | None, **fields: object) -> RecordedHook:
        """A hook of this session; the times of one file never fall."""
        self.now = max(at, self.now)
        agent = {"agent_id": self.agent_id} if self.agent_id else {}
        common = {"hook_event_name": event, "session_id": self.session_id, "cwd": self.folder, **agent}
        return RecordedHook(self.now, {**common, **fields}, began_at)


def _ended(call: Payload) -> dict[str, object] | None:
    """How a call ended, as the adapter takes it; None where that says nothing about the project, or it has not."""
    response = _response(call)
    error = text_in(response, "error") or "failed"
    match call.get("status"):
        case "success":
            # Of any other tool nothing that it printed is looked at.
            printed = text_in(response, "output") if call.get("name") == SHELL else ""
            result = command_result(_printed(printed), "")
            return {"exit_code": result.code, "error": result.error}
        case "error" if not NEVER_RAN.match(error):
            return {"exit_code": 0, "error": error}
        case "cancelled" if DENIED.match(error):
            return {"exit_code": 0, "error": error, "rejected": True}
        case _:
            return None


def _response(call: Payload) -> Payload:
    """What went back to the model of this call; a resumed chat may hold those of its neighbours beside it."""
    result = call.get("result")
    if isinstance(result, str):
        return {"output": result, "error": result}
    parts = [mapping(part, "functionResponse") for part in objects(result)]
    own = next((part for part in parts if part.get("id") == call.get("id")), None)
    return mapping(own or next(iter(parts), NOTHING), "response")


def _printed(text: str) -> str:
    """What a command printed, without what hooks added."""
    begin, end = SAID_BY_HOOKS
    return text[: text.rfind(begin)] if text.rstrip().endswith(end) and begin in text else text


def _typed(message: Payload) -> str:
    """What the user typed; empty where the client wrote it, as it does with what calls returned."""
    content = message.get("displayContent") or message.get("content")
    parts = [{"text": content}] if isinstance(content, str) else objects(content)
    if any("functionResponse" in part for part in parts):
        return ""
    typed = typed_in("\n".join(text_in(part, "text") for part in parts))
    return "" if typed.startswith(NOT_TYPED) else typed
