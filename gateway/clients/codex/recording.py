"""Codex's rollouts as the hook calls that their live sessions would have made.

Two things differ from live, so that nothing has to be looked up in a file again: `exit_code` stands in the payload, and
a call that failed without a hook comes as `PostToolUseFailure`. A call has the id that it had live, so that what was
heard then is not learnt twice. Records stay in file order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from gateway.clients.codex.rollout import VERIFICATION, failed_item, message_of
from gateway.clients.fields import NOTHING, Payload, mapping, objects, text_in
from gateway.clients.json_lines import Problem, read_lines
from gateway.clients.recorded import RecordedHook
from gateway.times import time_in

NAME = re.compile(r"rollout-.*\.jsonl(?:\.gz)?")
SHELL = ("-c", "-lc")
BEGINNING = datetime.min.replace(tzinfo=UTC)


def is_rollout(path: Path) -> bool:
    """Whether a file is named as Codex names its rollouts."""
    return NAME.fullmatch(path.name) is not None


def read_rollout(path: Path, problems: list[Problem]) -> Iterator[RecordedHook]:
    """Yields the hook calls of one rollout; whatever cannot be read is skipped and added to `problems`."""
    session = _Session()
    for line in read_lines(path, problems):
        try:
            at = time_in(line.value.get("timestamp"))
        except ValueError as error:
            problems.append(Problem(path, line.number, f"no time: {error}"))
            continue
        session.now = max(at, session.now)
        for payload in session.hooks(line.value):
            yield RecordedHook(session.now, {**session.common(), **payload})


@dataclass(slots=True)
class _Session:
    """What later records of a session refer to."""

    now: datetime = BEGINNING
    session_id: str = ""
    agent_id: str = ""
    cwd: str = ""
    turn_id: str = ""
    called: dict[str, Payload] = field(default_factory=dict[str, Payload])
    """Calls on their way, by id: the tool and its input as hooks tell them."""

    def common(self) -> dict[str, object]:
        agent = {"agent_id": self.agent_id} if self.agent_id else {}
        return {"session_id": self.session_id, "cwd": self.cwd, "turn_id": self.turn_id, **agent}

    def hooks(self, record: Payload) -> Iterator[dict[str, object]]:
        """The hooks that a record stands for; none before the session has said who and where it is."""
        payload = mapping(record, "payload")
        match record.get("type"), payload.get("type"):
            case "session_meta", _:
                yield from self.begun(payload)
            case "turn_context", _:
                self.cwd, self.turn_id = text_in(payload, "cwd") or self.cwd, text_in(payload, "turn_id")
            case _, "item_completed" if self.session_id:
                yield from self.item(mapping(payload, "item"))
            case _, "function_call" | "custom_tool_call" if self.session_id:
                self.call(payload)
            case _, "function_call_output" | "custom_tool_call_output" if self.session_id:
                yield from self.output(payload)
            case _:
                pass

    def begun(self, meta: Payload) -> Iterator[dict[str, object]]:
        """The session; a sub-agent's has the id of its parent's beside its own."""
        own = text_in(meta, "id")
        self.session_id, self.cwd = text_in(meta, "session_id") or own, text_in(meta, "cwd")
        self.agent_id = own if own != self.session_id else ""
        if self.session_id and not self.agent_id:
            yield {"hook_event_name": "SessionStart", "source": "startup"}

    def item(self, item: Payload) -> Iterator[dict[str, object]]:
        """What the client says has happened."""
        call_id, failed = text_in(item, "id"), failed_item(item)
        match item.get("type"):
            case "UserMessage":
                typed = texts_in(item.get("content"))
                if typed:
                    yield {"hook_event_name": "UserPromptSubmit", "prompt": typed}
            case "CommandExecution":
                code = item.get("exit_code")
                if type(code) is int:
                    self.called.pop(call_id, None)
                    yield self.ran(call_id, command_in(item), text_in(item, "aggregated_output"), code)
            case "McpToolCall":
                tool = f"mcp__{item.get('server')}__{item.get('tool')}"
                self.called.pop(call_id, None)
                yield self.ended(tool, mapping(item, "arguments"), call_id, message_of(item) if failed else None)
            case "FileChange":
                known = self.called.pop(call_id, None)
                tool_input = mapping(known, "tool_input") if known else (failed.tool_input if failed else NOTHING)
                yield self.ended("apply_patch", tool_input, call_id, failed.error if failed else None)
            case _:
                pass

    def call(self, payload: Payload) -> None:
        """A call that the model made."""
        patch = payload.get("input")
        if payload.get("name") == "apply_patch" and isinstance(patch, str):
            self.called[text_in(payload, "call_id")] = {"tool_input": {"command": patch}}

    def output(self, payload: Payload) -> Iterator[dict[str, object]]:
        """What went back to the model: of a refused patch nothing else tells."""
        known, printed = self.called.pop(text_in(payload, "call_id"), None), text_in(payload, "output")
        if known is not None and printed.startswith(VERIFICATION):
            yield self.ended("apply_patch", mapping(known, "tool_input"), text_in(payload, "call_id"), printed)

    def ran(self, call_id: str, command: str, printed: str, code: int) -> dict[str, object]:
        """A command that came back."""
        call = {"tool_name": "Bash", "tool_input": {"command": command}, "tool_use_id": call_id}
        return {"hook_event_name": "PostToolUse", **call, "tool_response": printed if code else "", "exit_code": code}

    def ended(self, tool: str, tool_input: Payload, call_id: str, error: str | None) -> dict[str, object]:
        """Another call that came back."""
        call = {"tool_name": tool, "tool_input": dict(tool_input), "tool_use_id": call_id}
        if error is None:
            return {"hook_event_name": "PostToolUse", **call}
        return {"hook_event_name": "PostToolUseFailure", **call, "error": error}


def command_in(item: Payload) -> str:
    """The command as the model gave it, without the shell that ran it."""
    given = item.get("command")
    listed = cast(list[object], given) if isinstance(given, list) else []
    words = [word for word in listed if isinstance(word, str)]
    return words[2] if len(words) == 3 and words[1] in SHELL else " ".join(words)


def texts_in(content: object) -> str:
    """The text parts of a message."""
    return "\n".join(text_in(part, "text") for part in objects(content))
