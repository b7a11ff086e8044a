"""From sighting to moment: the keys of a call, the class of a failure, and the envelope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson

from chassis.identifiers import digest
from chassis.timestamps import set_time
from gateway.perception import intents
from gateway.perception.failures import classify, is_mistake
from gateway.perception.purposes import Purpose
from gateway.perception.requests import asked_for
from gateway.perception.targets import SHELL_TOOLS, call_key
from gateway.perception.words import prompt_tokens
from gateway.redaction import cut, may_hold_secrets
from gateway.repository import Repository
from gateway.sightings import Sighted, Sighting
from spark.moment.v1 import moment_pb2 as m

SCHEMA_VERSION = 1
SHOWN_INPUT_CHARS = 400
SIGNATURE_CHARS = 400
DESCRIPTION_CHARS = 200
REPLACEMENT_CHARS = 500
"""At most four bytes a character: within the contract's limit."""

EDIT_TOOLS = frozenset({"Edit", "MultiEdit", "Write", "NotebookEdit"})
PUT_IN_PLACE = ("new_string", "content", "new_source")
TEXTS_OF_EDITS = ("old_string", *PUT_IN_PLACE)

PURPOSES = {
    Purpose.TEST: m.PURPOSE_TEST,
    Purpose.BUILD: m.PURPOSE_BUILD,
    Purpose.LINT: m.PURPOSE_LINT,
    Purpose.FORMAT: m.PURPOSE_FORMAT,
    Purpose.INSTALL: m.PURPOSE_INSTALL,
    Purpose.RUN: m.PURPOSE_RUN,
    Purpose.OTHER: m.PURPOSE_UNSPECIFIED,
}

CAME_BACK = frozenset({m.MOMENT_KIND_CALL_SUCCEEDED, m.MOMENT_KIND_CALL_FAILED, m.MOMENT_KIND_CALL_REJECTED})


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What holds for all moments of one hook."""

    workspace_id: str
    client: str
    origin: m.Origin.ValueType
    occurred_at: datetime
    observed_at: datetime
    traceparent: str


def moment_from(
    sighting: Sighting, sighted: Sighted, repository: Repository, at: Circumstances, decision_id: str
) -> m.Moment:
    """The moment that a sighting is."""
    kind_name = m.MomentKind.Name(sighting.kind)
    envelope = m.Envelope(
        event_id=digest(at.workspace_id, at.client, sighted.session_id, sighted.agent_id, kind_name, sighting.key),
        workspace_id=at.workspace_id,
        project_id=repository.project_id,
        session_id=sighted.session_id,
        agent_id=sighted.agent_id,
        client=at.client,
        origin=at.origin,
        traceparent=at.traceparent,
        schema_version=SCHEMA_VERSION,
        decision_id=decision_id,
    )
    set_time(envelope.occurred_at, at.occurred_at)
    set_time(envelope.observed_at, at.observed_at)
    moment = m.Moment(envelope=envelope, kind=sighting.kind)
    moment.project.root = repository.root[:4096]
    moment.project.remote = repository.remote[:2048]
    if sighting.kind == m.MOMENT_KIND_PROMPT_SUBMITTED:
        moment.prompt.CopyFrom(prompt_from(sighting.prompt))
    shown = shown_input(sighting)
    if sighting.tool:
        moment.call.CopyFrom(call_from(sighting, shown, repository.root))
    if sighting.kind in CAME_BACK:
        moment.outcome.CopyFrom(outcome_from(sighting, shown))
    return moment


def prompt_from(text: str) -> m.Prompt:
    """The prompt with its words and what it is about."""
    intent = intents.classify(text)
    return m.Prompt(
        text=text,
        tokens=prompt_tokens(text),
        intent=m.IntentFamily.Value(f"INTENT_FAMILY_{intent.family.name}"),
        plane=m.TaskPlane.Value(f"TASK_PLANE_{intent.plane.name}"),
        asks_for=[PURPOSES[purpose] for purpose in asked_for(text)],
    )


def call_from(sighting: Sighting, shown: str, root: str) -> m.ToolCall:
    """The call reduced to its keys, and as it is `shown`."""
    key = call_key(sighting.tool, sighting.tool_input, root)
    return m.ToolCall(
        tool_use_id=sighting.tool_use_id,
        tool=sighting.tool,
        target=key.target,
        target_class=key.target_class[:200],
        program=key.program[:200],
        purpose=PURPOSES[key.purpose],
        directory=key.directory[:4096],
        tokens=key.tokens,
        command=cut(shown),
        input_digest=call_digest(sighting, shown, root),
        inconclusive=not (key.conclusive and sighting.conclusive),
        description=bounded(sighting.tool_input.get("description"), DESCRIPTION_CHARS),
        replacement=replacement_of(sighting),
    )


def replacement_of(sighting: Sighting) -> str:
    """What an edit puts in place, its beginning; empty for other tools, and where that is not to be kept."""
    if sighting.tool not in EDIT_TOOLS:
        return ""
    fields = (sighting.tool_input.get(name) for name in PUT_IN_PLACE)
    text = bounded(next((value for value in fields if value), ""), REPLACEMENT_CHARS)
    return text if may_be_kept(sighting, text) else ""


def may_be_kept(sighting: Sighting, text: object) -> bool:
    """Whether the text of an edit may be shown later: not where the file holds secrets or settings, nor a word that
    stands alone. What that is a value of stood around it, so that nobody can tell a secret from a name."""
    return isinstance(text, str) and len(text.split()) > 1 and not may_hold_secrets(sighting.tool_input)


def bounded(value: object, chars: int) -> str:
    """The beginning of a text; empty where it is none."""
    return value[:chars] if isinstance(value, str) else ""


def outcome_from(sighting: Sighting, shown: str) -> m.Outcome:
    """How the call that is `shown` so came back."""
    outcome = m.Outcome(duration_ms=sighting.duration_ms)
    if sighting.kind == m.MOMENT_KIND_CALL_SUCCEEDED:
        return outcome
    failure = classify(sighting.tool, sighting.error, shown)
    outcome.error = sighting.error
    outcome.failure_class = failure.code
    outcome.signature = failure.signature[:SIGNATURE_CHARS]
    outcome.mistake = is_mistake(failure.code) and sighting.kind == m.MOMENT_KIND_CALL_FAILED
    outcome.user_reason = sighting.user_reason or ""
    return outcome


def shown_input(sighting: Sighting) -> str:
    """A call as a person would name it: its command, else its short arguments."""
    if sighting.tool in SHELL_TOOLS:
        command = sighting.tool_input.get("command")
        return command if isinstance(command, str) else ""
    texts = TEXTS_OF_EDITS if sighting.tool in EDIT_TOOLS else ()
    parts = [
        f"{name}={value}"
        for name, value in sighting.tool_input.items()
        if is_short(value) and (name not in texts or may_be_kept(sighting, value))
    ]
    return " ".join(parts)[:SHOWN_INPUT_CHARS]


def is_short(value: object) -> bool:
    """Whether an argument can be shown in passing."""
    return isinstance(value, int | float) or (isinstance(value, str) and 0 < len(value) <= 80 and "\n" not in value)


def call_digest(sighting: Sighting, shown: str, root: str) -> str:
    """Hash by which the same call is known again, in any clone: commands by their words, others by all arguments."""
    if sighting.tool in SHELL_TOOLS:
        return digest(sighting.tool, " ".join(relative(shown, root).split()))
    given: Mapping[str, object] = sighting.tool_input
    return digest(sighting.tool, relative(orjson.dumps(given, option=orjson.OPT_SORT_KEYS).decode(), root))


def relative(text: str, root: str) -> str:
    """The text with the root written as `.`, so that clones agree."""
    return text.replace(root, ".") if len(root) > 1 else text
