"""Records of sessions as the commands take them: found, ordered by their start, and read into hooks of their client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from gateway.clients.claude_code.adapter import relevant
from gateway.clients.claude_code.transcript import find_transcripts, read_transcript
from gateway.clients.codex import adapter as codex
from gateway.clients.codex.recording import is_rollout, read_rollout
from gateway.clients.gemini import adapter as gemini
from gateway.clients.gemini.chat import is_chat, read_chat
from gateway.clients.json_lines import Problem
from gateway.clients.recorded import RecordedHook
from gateway.redaction import cut_payload

CLIENT = "claude-code"

CAME_BACK = frozenset({"PostToolUse", "PostToolUseFailure", "PostToolBatch"})
"""Hooks of calls that came back: the only ones that can change a lesson."""

TEACHING = CAME_BACK | {"UserPromptSubmit"} | {"AfterTool", "BeforeAgent"}
"""Those and the prompts, whose words a lesson keeps; the last two are Gemini CLI's names for them. A call not yet made,
and a session's ends, teach nothing."""

_GZIP_SIZE_BYTES = 4
BEGINNING = datetime.min.replace(tzinfo=UTC)
"""Where a transcript without a hook starts."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """One file of a session."""

    path: Path
    started: datetime
    """When its first hook was called; the beginning of time where it holds none."""
    size: int
    """Bytes of raw JSON, unpacked."""
    client: str = CLIENT
    """Whose hooks it is read into."""


@dataclass
class Reader:
    """Reads transcripts one after the other; what several of them repeat is read once."""

    problems: list[Problem] = field(default_factory=list[Problem])
    folder: str = ""
    """The folder of sessions that do not name theirs."""
    _seen: set[int] = field(default_factory=set[int])

    def find(self, paths: Iterable[Path]) -> list[Transcript]:
        """The transcripts among the paths, by the start of their session."""
        found = [_transcript(path) for path in find_transcripts(paths, self.problems, also=is_chat)]
        return sorted(found, key=lambda transcript: transcript.started)

    def hooks(self, transcript: Transcript) -> Iterator[RecordedHook]:
        """The hooks of a transcript; call it in the order of `find`."""
        if transcript.client == codex.NAME:
            return read_rollout(transcript.path, self.problems)
        if transcript.client == gemini.NAME:
            return read_chat(transcript.path, self.problems, self.folder)
        return read_transcript(transcript.path, self.problems, self._seen)


def lean(client: str, payload: Mapping[str, object]) -> Mapping[str, object]:
    """What the gateway itself would keep of a payload: most of its bytes are what calls printed, and go unread."""
    return cut_payload(relevant(payload) if client == CLIENT else payload)


def _transcript(path: Path) -> Transcript:
    # Its problems are told when it is read in full.
    if is_rollout(path):
        client, hooks = codex.NAME, read_rollout(path, [])
    elif is_chat(path):
        # Any folder will do for its start.
        client, hooks = gemini.NAME, read_chat(path, [], "/")
    else:
        client, hooks = CLIENT, read_transcript(path, [])
    first = next(hooks, None)
    return Transcript(path, first.occurred_at if first else BEGINNING, _raw_bytes(path), client)


def _raw_bytes(path: Path) -> int:
    """The size as JSON; for an archive as it says itself in its last four bytes (RFC 1952), modulo 4 GiB."""
    try:
        size = path.stat().st_size
        if path.suffix != ".gz" or size < _GZIP_SIZE_BYTES:
            return size
        with path.open("rb") as archive:
            archive.seek(-_GZIP_SIZE_BYTES, 2)
            return int.from_bytes(archive.read(_GZIP_SIZE_BYTES), "little")
    except OSError:
        return 0
