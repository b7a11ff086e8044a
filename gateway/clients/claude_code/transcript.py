"""Claude Code's transcripts as the hook calls that their live sessions would have made.

Import and replay thus feed the gateway what live hooks feed it. Differences from live, all deliberate:

* ``PostToolBatch`` appears for refused and cancelled calls alone, one call each: live they show nowhere else.
* Calls that the client turned down itself (``<tool_use_error>``) come as PreToolUse and PostToolUseFailure, without the
  tags; live they show in PostToolBatch only. That way they are learnt from like any other failure.
* Stop, SubagentStart, SubagentStop and ``duration_ms`` are not in a transcript and are left out.
* Before clients wrote a ``promptId``, the id of the prompt's own record stands for it.

Records stay in file order, which is the order of cause and effect. Where parallel calls make the written times run
backwards, a moment takes the latest time before it, so that the times of one file never fall.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from gateway.clients.fields import mapping, objects, text_in
from gateway.clients.json_lines import Line, Problem, read_lines
from gateway.clients.recorded import RecordedHook
from gateway.times import within_reach

_SUFFIXES = (".jsonl", ".jsonl.gz")
_REMINDER = re.compile(r"<system-reminder>.*?(?:</system-reminder>|\Z)\s*", re.DOTALL)
_REFUSED = re.compile(
    r"The user doesn't want to (?:proceed|take)"
    r"|Permission (?:to use .*?|for this (?:tool use|action)) (?:has been|was) denied",
    re.DOTALL,
)
_CANCELLED = ("Sibling tool call errored", "Cancelled: parallel tool call")
_INTERRUPTED = re.compile(r"(?:Exit code \d+\n)?\[Request interrupted by user|<error>Command was aborted")
_NOT_TYPED = (
    "<task-notification>",
    "<local-command-stdout>",
    "<local-command-stderr>",
    "<local-command-caveat>",
    "<command-name>",
    "<command-message>",
    "<bash-input>",
    "<bash-stdout>",
    "<bash-stderr>",
    "<ide_opened_file>",
    "<ide_selection>",
    "[Request interrupted by user",
)
"""Openings of user text that the client wrote, as seen in transcripts of 2.0.76 to 2.1.197."""


def find_transcripts(
    paths: Iterable[Path], problems: list[Problem] | None = None, also: Callable[[Path], bool] = lambda _: False
) -> list[Path]:
    """The transcripts among ``paths``: files as given, folders searched to the bottom, each file once, sorted by path.

    ``also`` takes files of other names for recordings of other clients. A named file that is missing or no transcript,
    and a folder that cannot be listed, goes to ``problems``.
    """
    found: dict[Path, Path] = {}
    troubles = problems if problems is not None else []

    def unreadable(error: OSError) -> None:
        troubles.append(Problem(Path(str(error.filename)), 0, f"cannot be listed: {error.strerror}"))

    for path in paths:
        if path.is_dir():
            for folder, _, names in os.walk(path, onerror=unreadable):
                for file in (Path(folder, name) for name in names):
                    if file.name.endswith(_SUFFIXES) or also(file):
                        found.setdefault(file.resolve(), file)
        elif not path.is_file():
            troubles.append(Problem(path, 0, "no such file"))
        elif path.name.endswith(_SUFFIXES) or also(path):
            found.setdefault(path.resolve(), path)
        else:
            troubles.append(Problem(path, 0, "not a .jsonl or .jsonl.gz file"))
    return sorted(found.values())


def read_transcript(path: Path, problems: list[Problem], seen: set[int] | None = None) -> Iterator[RecordedHook]:
    """Yields the hook calls of one transcript; whatever cannot be read is skipped and added to ``problems``.

    A resumed or forked session repeats earlier records, also under another session id and in another file: pass one
    ``seen`` set for all files, in order of their start, and each record counts once. Memory: the calls still open and
    one number for each record.
    """
    reader = _Reader(path, problems, set() if seen is None else seen)
    for line in read_lines(path, problems):
        yield from reader.hooks(line)
    yield from reader.end()


@dataclass(slots=True)
class _Session:
    """What later calls of a session repeat from earlier records."""

    cwd: str = ""
    prompt_id: str = ""
    permission_mode: str = ""


@dataclass(frozen=True, slots=True)
class _Agent:
    """The sub-agent that a record belongs to; without an id, the main conversation."""

    id: str
    type: str


class _Reader:
    def __init__(self, path: Path, problems: list[Problem], seen: set[int]) -> None:
        self._path = path
        self._problems = problems
        self._seen = seen
        self._now: datetime | None = None
        self._sessions: dict[str, _Session] = {}
        self._started: list[str] = []
        self._open_calls: dict[str, dict[str, object]] = {}
        self._agent_types: dict[str, str] = {}
        self._recognised = False
        # A sub-agent's file lies in a folder of its session, and its hooks name the session's transcript.
        is_agent_file = path.parent.name == "subagents"
        self._transcript = path.parent.parent.with_suffix(".jsonl") if is_agent_file else path
        self._file_session = path.parent.parent.name if is_agent_file else path.name.partition(".jsonl")[0]

    def hooks(self, line: Line) -> Iterator[RecordedHook]:
        record = line.value
        self._recognised = self._recognised or isinstance(record.get("type"), str)
        session_id = text_in(record, "sessionId") or self._file_session
        session = self._sessions.setdefault(session_id, _Session())
        session.cwd = text_in(record, "cwd") or session.cwd
        self._advance(text_in(record, "timestamp"))
        record = _agent_progress(record)
        if record.get("type") not in ("user", "assistant"):
            return
        if self._now is None:
            self._problems.append(Problem(self._path, line.number, "a record without a time"))
            return
        agent = self._agent(record)
        session.permission_mode = text_in(record, "permissionMode") or session.permission_mode
        session.prompt_id = text_in(record, "promptId") or session.prompt_id
        is_repeated = self._is_repeated(record)
        if not is_repeated and not agent.id and session_id not in self._started:
            self._started.append(session_id)
            yield self._hook(session_id, "SessionStart", None, source="startup")
        moments = self._assistant if record["type"] == "assistant" else self._user
        for hook in moments(line, record, session_id, agent):
            if not is_repeated:
                yield hook

    def end(self) -> Iterator[RecordedHook]:
        for session_id in self._started:
            yield self._hook(session_id, "SessionEnd", None, reason="other")
        if not self._recognised:
            self._problems.append(Problem(self._path, 0, "holds no record of Claude Code"))

    def _assistant(
        self, line: Line, record: dict[str, object], session_id: str, agent: _Agent
    ) -> Iterator[RecordedHook]:
        for block in _blocks(record):
            call_id, name, arguments = text_in(block, "id"), text_in(block, "name"), block.get("input")
            if block.get("type") != "tool_use":
                continue
            if not call_id or not name or not isinstance(arguments, dict):
                self._problems.append(Problem(self._path, line.number, "a tool call without id, name or input"))
                continue
            call: dict[str, object] = {"tool_name": name, "tool_input": arguments, "tool_use_id": call_id}
            self._open_calls[call_id] = call
            yield self._hook(session_id, "PreToolUse", agent, **call)

    def _user(self, line: Line, record: dict[str, object], session_id: str, agent: _Agent) -> Iterator[RecordedHook]:
        has_reminder = b"<system-reminder>" in line.raw
        blocks = _blocks(record)
        results = [block for block in blocks if block.get("type") == "tool_result"]
        for block in results:
            call = self._open_calls.pop(text_in(block, "tool_use_id"), None)
            if call is None:
                self._problems.append(Problem(self._path, line.number, "a tool result without its call"))
                continue
            detail = record.get("toolUseResult") if len(results) == 1 else None
            text = _content_text(block.get("content"))
            if has_reminder:
                text, detail = _REMINDER.sub("", text), _without_reminders(detail)
            yield self._outcome(session_id, agent, call, text, detail, block.get("is_error") is True)
        if agent.id or record.get("isMeta") is True or record.get("isCompactSummary") is True:
            return
        prompt = _prompt(blocks)
        if prompt:
            session = self._sessions[session_id]
            session.prompt_id = text_in(record, "promptId") or text_in(record, "uuid") or session.prompt_id
            yield self._hook(session_id, "UserPromptSubmit", agent, prompt=prompt)

    def _outcome(
        self, session_id: str, agent: _Agent, call: dict[str, object], text: str, detail: object, is_error: bool
    ) -> RecordedHook:
        stopped = any(told.get("interrupted") is True for told in objects([detail]))
        if not is_error and not stopped:
            return self._hook(
                session_id, "PostToolUse", agent, **call, tool_response=text if detail is None else detail
            )
        error = text.strip().removeprefix("<tool_use_error>").removesuffix("</tool_use_error>")
        if _REFUSED.match(error) or error.startswith(_CANCELLED):
            return self._hook(session_id, "PostToolBatch", agent, tool_calls=[{**call, "tool_response": error}])
        is_interrupt = stopped or _INTERRUPTED.match(error) is not None
        return self._hook(session_id, "PostToolUseFailure", agent, **call, error=error, is_interrupt=is_interrupt)

    def _hook(self, session_id: str, event: str, agent: _Agent | None, **fields: object) -> RecordedHook:
        """``agent`` is None for the session's own start and end, which carry no permission mode."""
        session = self._sessions[session_id]
        common = {
            "session_id": session_id,
            "transcript_path": str(self._transcript),
            "cwd": session.cwd,
            "prompt_id": session.prompt_id if event != "SessionStart" else "",
            "permission_mode": session.permission_mode if agent else "",
            "agent_id": agent.id if agent else "",
            "agent_type": agent.type if agent else "",
            "hook_event_name": event,
        }
        assert self._now is not None
        return RecordedHook(self._now, {**{name: value for name, value in common.items() if value}, **fields})

    def _advance(self, written: str) -> None:
        try:
            moment = datetime.fromisoformat(written)
            moment = within_reach(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
        except ValueError:
            return
        self._now = moment if self._now is None else max(self._now, moment)

    def _agent(self, record: dict[str, object]) -> _Agent:
        if record.get("isSidechain") is not True:
            return _Agent("", "")
        # The oldest transcripts mark a sub-agent's records but give it no id.
        agent_id = text_in(record, "agentId") or "sidechain"
        # Its own records name its type, the results of its calls do not.
        kind = text_in(record, "attributionAgent") or self._agent_types.get(agent_id, "")
        self._agent_types[agent_id] = kind
        return _Agent(agent_id, kind)

    def _is_repeated(self, record: dict[str, object]) -> bool:
        uuid = text_in(record, "uuid")
        if not uuid:
            return False
        known = hash(uuid) in self._seen
        self._seen.add(hash(uuid))
        return known


def _agent_progress(record: dict[str, object]) -> dict[str, object]:
    """The record of a sub-agent that older clients wrapped into its parent's transcript; other records as they are."""
    data = mapping(record, "data")
    if record.get("type") != "progress" or data.get("type") != "agent_progress":
        return record
    return {**mapping(data, "message"), "isSidechain": True, "agentId": data.get("agentId")}


def _blocks(record: dict[str, object]) -> list[dict[str, object]]:
    content = mapping(record, "message").get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return objects(content)


def _prompt(blocks: list[dict[str, object]]) -> str:
    """What the user typed: the text blocks without those that the client or its tools wrote."""
    texts = [_REMINDER.sub("", text_in(block, "text")) for block in blocks if block.get("type") == "text"]
    return "\n".join(text for text in texts if text.strip() and not text.lstrip().startswith(_NOT_TYPED))


def _content_text(content: object) -> str:
    return content if isinstance(content, str) else "\n".join(text_in(block, "text") for block in objects(content))


def _without_reminders(value: object) -> object:
    if isinstance(value, str):
        return _REMINDER.sub("", value)
    if isinstance(value, list):
        return [_without_reminders(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        return {name: _without_reminders(item) for name, item in cast("dict[str, object]", value).items()}
    return value
