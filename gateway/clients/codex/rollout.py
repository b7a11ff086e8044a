"""What became of calls, read from the end of a Codex rollout: its hooks do not say (openai/codex#34289).

The client writes how a call ended before it runs the hook of it, and of a failed MCP call or patch it runs none. The
file is named by the hook, so only a rollout of the user's own is read, and never more than its last 4 MB.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import cast

import orjson

from gateway.clients.fields import NOTHING, Payload, mapping, objects

LAST_BYTES = (64 * 1024, 4 * 1024 * 1024)
"""Read first, and where a call printed more than that."""
MOST_SILENT = 8
"""Calls in a row of which no hook told that are looked at; models make a dozen at once at most."""
VERIFICATION = "apply_patch verification failed"


@dataclass(frozen=True, slots=True)
class Ended:
    """A call that failed without a hook."""

    tool: str
    call_id: str
    tool_input: Payload
    error: str

    def as_hook(self) -> Payload:
        """The call as a hook would have told it."""
        return {"tool_name": self.tool, "tool_input": self.tool_input, "tool_use_id": self.call_id}


def exit_code(path: str, call_id: str) -> int | None:
    """The exit code of a command; None where the rollout cannot be read or does not tell."""
    if not call_id:
        return None
    name = call_id.encode()
    for size in LAST_BYTES:
        for line in lines(path, size):
            if name in line and b"CommandExecution" in line:
                item = completed(line)
                code = item.get("exit_code")
                if item.get("id") == call_id and type(code) is int:
                    return code
    return None


def silent_failures(path: str) -> list[Ended]:
    """The calls that failed since the last one of which a hook told, oldest first."""
    found: list[Ended] = []
    failed_patches: dict[str, str] = {}
    for line in lines(path, LAST_BYTES[0]):
        record = loaded(line)
        payload = mapping(record, "payload")
        match payload.get("type"):
            case "item_completed":
                item = mapping(payload, "item")
                ended = failed_item(item)
                if ended is not None:
                    found.append(ended)
                elif item.get("type") in {"CommandExecution", "McpToolCall", "FileChange", "UserMessage"}:
                    break
            case "custom_tool_call_output":
                call_id, output = payload.get("call_id"), payload.get("output")
                if isinstance(call_id, str) and isinstance(output, str) and output.startswith(VERIFICATION):
                    failed_patches[call_id] = output
            case "custom_tool_call":
                call_id, patch = payload.get("call_id"), payload.get("input")
                if isinstance(call_id, str) and isinstance(patch, str) and call_id in failed_patches:
                    error = failed_patches.pop(call_id)
                    found.append(Ended("apply_patch", call_id, {"command": patch}, error))
            case _:
                pass
        if len(found) >= MOST_SILENT:
            break
    return found[::-1]


def failed_item(item: Payload) -> Ended | None:
    """An item that failed without a hook."""
    call_id, kind = item.get("id"), item.get("type")
    if item.get("status") != "failed" or not isinstance(call_id, str):
        return None
    if kind == "McpToolCall":
        tool = f"mcp__{item.get('server')}__{item.get('tool')}"
        return Ended(tool, call_id, mapping(item, "arguments"), message_of(item))
    if kind == "FileChange":
        changed = next(iter(mapping(item, "changes")), "")
        patch = f"*** Begin Patch\n*** Update File: {changed}\n*** End Patch\n"
        return Ended("apply_patch", call_id, {"command": patch}, str(item.get("stderr") or ""))
    return None


def message_of(item: Payload) -> str:
    """What an MCP tool said of its failure."""
    texts = [part.get("text") for part in objects(mapping(item, "result").get("content"))]
    return "\n".join(each for each in texts if isinstance(each, str)) or str(item.get("error") or "")


def lines(path: str, size: int) -> Iterator[bytes]:
    """The whole lines within the last bytes of a rollout, the last one first; none where it must not be read."""
    name = PurePath(path)
    if not (name.is_absolute() and name.name.startswith("rollout-") and name.suffix == ".jsonl"):
        return
    try:
        # Not through a link, and without waiting for a pipe that somebody put there.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode) or about.st_uid != os.geteuid():
            return
        begin = max(0, about.st_size - size)
        whole = os.pread(descriptor, size, begin).split(b"\n")
    finally:
        os.close(descriptor)
    yield from (line for line in reversed(whole[1:] if begin else whole) if line)


def completed(line: bytes) -> Payload:
    """The item that a line says is completed; empty where it says something else."""
    payload = mapping(loaded(line), "payload")
    return mapping(payload, "item") if payload.get("type") == "item_completed" else NOTHING


def loaded(line: bytes) -> Payload:
    """A line as JSON; empty where it is none, as the last may be that is being written."""
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return NOTHING
    return cast(Payload, record) if isinstance(record, dict) else NOTHING
