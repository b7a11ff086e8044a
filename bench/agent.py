"""An agent at work, as its client's hooks show it: it is asked, makes a mistake, reads why, and mends it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from bench.hooks import ROOT, BadReply, Tally
from bench.keep_alive import KeepAlive
from bench.lessons import Mistake

KINDS = ("UserPromptSubmit", "PreToolUse", "PostToolUse", "PostToolUseFailure")

Payload = dict[str, object]


@dataclass
class Session:
    """One session; `calls` counts its calls."""

    session_id: str
    folder: str = ROOT
    calls: int = 0

    def hook(self, event: str, **fields: object) -> Payload:
        """A hook with the fields that all have."""
        return {"hook_event_name": event, "session_id": self.session_id, "cwd": self.folder, **fields}

    def call(self, tool: str, tool_input: Mapping[str, object]) -> dict[str, object]:
        """The fields of a call of its own."""
        self.calls += 1
        named = f"toolu_{self.session_id}_{self.calls:06d}"
        return {"tool_name": tool, "tool_input": tool_input, "tool_use_id": named}


def turn(session: Session, mistake: Mistake, number: int) -> Iterator[Payload]:
    """A prompt, the call that fails, and the one that works."""
    yield session.hook("UserPromptSubmit", prompt=mistake.prompt, prompt_id=f"{session.session_id}-{number}")
    failing = session.call(mistake.tool, mistake.tool_input)
    yield session.hook("PreToolUse", **failing)
    yield session.hook("PostToolUseFailure", **failing, error=mistake.error, is_interrupt=False, duration_ms=412)
    mended: Mapping[str, object] = {"command": mistake.worked, "description": "Try the other way"}
    if mistake.tool != "Bash":
        reading = session.call("Read", {"file_path": f"{session.folder}/{mistake.worked}"})
        yield session.hook("PreToolUse", **reading)
        yield session.hook("PostToolUse", **reading, tool_response={}, duration_ms=12)
        mended = mistake.tool_input
    working = session.call(mistake.tool, mended)
    yield session.hook("PreToolUse", **working)
    yield session.hook("PostToolUse", **working, tool_response={"stdout": "done"}, duration_ms=412)


@dataclass
class Agent:
    """Works back to back, the same mistakes again in ever new sessions."""

    name: str
    client: KeepAlive
    known: Sequence[Mistake]
    turns: int = 0
    sequence: int = 0
    """Place in the stream of the last moment."""
    tallies: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    """What came of its hooks, by kind."""

    def work(self, seconds_of: Mapping[str, list[float]]) -> None:
        """One turn, in a session of its own; notes the seconds of each hook by its kind.

        Raises:
            BadReply: when an event was not published or a reply is no success.
        """
        session = Session(f"{self.name}-{self.turns:08d}")
        mistake = self.known[(7 * self.turns) % len(self.known)]
        for payload in turn(session, mistake, self.turns):
            kind = str(payload["hook_event_name"])
            seconds_of[kind].append(self._send(kind, payload))
        self.turns += 1

    def _send(self, kind: str, payload: Payload) -> float:
        reply, taken = self.client.timed(orjson.dumps(payload))
        self.sequence = int(reply.header("spark-sequence") or 0)
        if reply.status != 200 or self.sequence <= 0:
            raise BadReply(f"{kind}: {reply.head.decode('latin-1')}")
        self.tallies[kind].hooks += 1
        self.tallies[kind].advised += b'"additionalContext"' in reply.body
        return taken
