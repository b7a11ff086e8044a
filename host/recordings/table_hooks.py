"""The rows of one session as the hook calls that its live session would have made.

Differences from live, all deliberate:

* A row has one time, that of the call. Its result comes just before what follows in the session, at most 120 s later:
  what a call taught is not known to other sessions before it can have come back.
* What a call printed is not in a row, and nothing looks at it.
* A call that was cancelled with another (`sibling`) comes back in PostToolBatch with the client's own words, which
  teach nothing.
* All calls of sub-agents of a session come from one sub-agent: rows do not tell them apart.
* Rows without times are 5 s apart, the median between two calls of agents recorded with times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.clients.recorded import RecordedHook
from gateway.perception.failures import user_reason
from host.recordings.table_rows import SHELL, CallRow, PromptRow

APART = timedelta(seconds=5)
LONGEST_CALL = timedelta(seconds=120)
"""After which Claude Code gives a command up by default."""

SUBAGENT = "subagent"
REFUSED = "The user doesn't want to proceed with this tool use. The tool use was rejected"
CANCELLED = "Sibling tool call errored"
_TAGS = ("<tool_use_error>", "</tool_use_error>")


@dataclass(frozen=True, slots=True)
class Step:
    """A prompt or a call, at its time."""

    at: datetime
    row: CallRow | PromptRow


def steps_of(calls: Sequence[CallRow], prompts: Sequence[PromptRow], start: datetime) -> list[Step]:
    """What happened in a session in its order, each prompt before the calls that follow it.

    Times never fall; a row without one takes that of the next which has. Where none has, they begin at `start`.
    """
    rows: list[CallRow | PromptRow] = []
    waiting = sorted(prompts, key=lambda prompt: prompt.index)
    for call in sorted(calls, key=lambda row: row.index):
        while waiting and waiting[0].index <= call.prompt:
            rows.append(waiting.pop(0))
        rows.append(call)
    rows.extend(waiting)
    times = [row.at for row in rows]
    for number in range(len(rows) - 2, -1, -1):
        times[number] = times[number] or times[number + 1]
    steps: list[Step] = []
    now = next(iter(times), None) or start
    timed = any(times)
    for row, at in zip(rows, times, strict=True):
        if steps and not timed:
            now += APART
        now = max(now, at or now)
        steps.append(Step(now, row))
    return steps


def hooks_of(session: str, steps: Sequence[Step], folder: str) -> Iterator[RecordedHook]:
    """The hook calls of a session, from its start to its end."""
    common: dict[str, object] = {"session_id": session, "cwd": folder}

    def hook(at: datetime, event: str, **fields: object) -> RecordedHook:
        return RecordedHook(at, {**common, "hook_event_name": event, **fields})

    if not steps:
        return
    yield hook(steps[0].at, "SessionStart", source="startup")
    end = steps[0].at
    for number, step in enumerate(steps):
        if isinstance(step.row, PromptRow):
            common["prompt_id"] = f"{session}:{step.row.index}"
            end = step.at
            yield hook(end, "UserPromptSubmit", prompt=step.row.text)
            continue
        agent: dict[str, object] = {"agent_id": SUBAGENT} if step.row.subagent else {}
        yield hook(step.at, "PreToolUse", **agent, **call_of(step.row))
        end = min(step.at + LONGEST_CALL, steps[number + 1].at if number + 1 < len(steps) else step.at + APART)
        event, fields = came_back(step.row)
        yield hook(end, event, **agent, **fields)
    yield hook(end, "SessionEnd", reason="other")


def call_of(row: CallRow) -> dict[str, object]:
    """A call as hooks carry it."""
    return {
        "tool_name": SHELL if row.is_shell else row.tool,
        "tool_input": row.arguments(),
        "tool_use_id": row.id,
    }


def came_back(row: CallRow) -> tuple[str, dict[str, object]]:
    """The event by which the client would tell how a call came back, and its fields."""
    call = call_of(row)
    error = row.error.strip().removeprefix(_TAGS[0]).removesuffix(_TAGS[1])
    match row.outcome:
        case "rejected":
            said = error if user_reason(error) is not None else REFUSED
            return "PostToolBatch", {"tool_calls": [{**call, "tool_response": said}]}
        case "sibling":
            return "PostToolBatch", {"tool_calls": [{**call, "tool_response": CANCELLED}]}
        case "interrupted":
            return "PostToolUseFailure", {**call, "error": error, "is_interrupt": True}
        case "ok":
            return "PostToolUse", {**call, "tool_response": ""}
        case _:
            return "PostToolUseFailure", {**call, "error": error, "is_interrupt": False}
