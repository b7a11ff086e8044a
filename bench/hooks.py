"""Hooks as Claude Code sends them over HTTP: of four, three are about something that a lesson knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from bench.keep_alive import KeepAlive, Reply
from bench.lessons import Mistake

ROOT = "/home/dev/bench-shop"
"""The repository's folder on the agent's machine; it need not be there."""

EVENTS = ("PreToolUse", "UserPromptSubmit", "PostToolUseFailure")


class BadReply(Exception):
    """A hook was not answered as it must be, so that its time means nothing."""


@dataclass(slots=True)
class Tally:
    """What the replies were."""

    hooks: int = 0
    advised: int = 0

    @property
    def share(self) -> float:
        """Share of the moments at which advice was given."""
        return self.advised / max(1, self.hooks)


class Hooks:
    """One event of the hook endpoint, sent again and again about different calls in different sessions."""

    def __init__(self, name: str, event: str, client: KeepAlive, known: Sequence[Mistake]) -> None:
        self.name = name
        self._event = event
        self._client = client
        self._known = known
        self.tally = Tally()

    async def once(self) -> float:
        """Sends the next hook; seconds from its first byte to the last of its reply.

        Raises:
            BadReply: when the event was not published or the reply is no success.
        """
        number = self.tally.hooks
        reply, taken = self._client.timed(orjson.dumps(self.payload(number)))
        self._take(reply)
        return taken

    def payload(self, number: int) -> Mapping[str, object]:
        """The hook's body."""
        return payload_in(self.name, self._event, self._known, number)

    def _take(self, reply: Reply) -> None:
        if reply.status != 200 or int(reply.header("spark-sequence") or 0) <= 0:
            raise BadReply(f"{self._event}: {reply.head.decode('latin-1')}")
        self.tally.hooks += 1
        self.tally.advised += b'"additionalContext"' in reply.body


def payload_in(name: str, event: str, known: Sequence[Mistake], number: int) -> Mapping[str, object]:
    """A hook's body. The last of four comes in the session of the first and is about nothing known."""
    turn, place = divmod(number, 4)
    about = known[(7 * number) % len(known)] if place < 3 else None
    return payload_of(event, about, session_id(name, 3 * turn + place % 3), number)


def payload_of(event: str, known: Mistake | None, session: str, number: int) -> Mapping[str, object]:
    """A hook about something that a lesson knows, or about nothing of the kind."""
    shared = {
        "session_id": session,
        "transcript_path": f"/home/dev/.claude/projects/-home-dev-bench-shop/{session}.jsonl",
        "cwd": ROOT,
        "prompt_id": f"{event}-{number}",
        "permission_mode": "default",
        "hook_event_name": event,
    }
    if event == "UserPromptSubmit":
        return {**shared, "prompt": known.prompt if known else "Thanks, that reads well so far."}
    call = {
        "tool_name": known.tool if known else "Bash",
        "tool_input": known.tool_input if known else {"command": f"git show HEAD~{number}", "description": "Look"},
        "tool_use_id": f"toolu_{session}_{number:09d}",
    }
    if event == "PreToolUse":
        return {**shared, **call}
    error = known.error if known else f"Exit code 128\nfatal: ambiguous argument 'HEAD~{number}': unknown revision"
    return {**shared, **call, "error": error, "is_interrupt": False, "duration_ms": 412}


def session_id(name: str, number: int) -> str:
    """Id of a session."""
    return f"{name}-{number:08d}"


def session_ids(name: str, hooks: int) -> list[str]:
    """Ids of all sessions that so many hooks come from."""
    return [session_id(name, number) for number in range(3 * (hooks // 4 + 1))]
