"""Lessons as memory announces them, and moments that ask for them."""

from __future__ import annotations

from datetime import UTC, datetime

from chassis.consumer import Delivery
from services.packets.library import Library
from spark.memory.v1 import lesson_pb2 as lessons
from spark.moment.v1 import moment_pb2 as moments

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PROJECT, OTHER_PROJECT = "a" * 16, "b" * 16


def lesson(number: int, **changes: object) -> lessons.Lesson:
    """A lesson about a flag."""
    made = lessons.Lesson(
        lesson_id=f"{number:032x}",
        workspace_id="local",
        project_id=PROJECT,
        kind=lessons.LESSON_KIND_FAILURE_FIX,
        state=lessons.LESSON_STATE_ACTIVE,
        tool="Bash",
        target=f"tool run --x{number}",
        target_class="tool run",
        program="tool",
        failure_class="shell.bad_flag",
        signature=f"unknown flag: --x{number}",
        text=f"lesson {number}",
        tokens=["tool", "deploy", f"word{number}"],
        antecedents=[f"Bash before {number}"],
        confidence=0.7,
        revision=1,
    )
    made.provenance.last_seen.FromDatetime(NOW)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def moment(kind: moments.MomentKind.ValueType, number: int = 0, *, session: str = "s", **call: str) -> moments.Moment:
    """A moment about the call of lesson `number`."""
    made = moments.Moment(kind=kind)
    made.envelope.workspace_id, made.envelope.project_id, made.envelope.session_id = "local", PROJECT, session
    made.envelope.occurred_at.FromDatetime(NOW)
    if kind != moments.MOMENT_KIND_PROMPT_SUBMITTED:
        given = {"tool": "Bash", "target": f"tool run --x{number}", "target_class": "tool run", "program": "tool"}
        made.call.MergeFrom(moments.ToolCall(**{**given, **call}))  # type: ignore[arg-type]
    if kind == moments.MOMENT_KIND_CALL_FAILED:
        made.outcome.failure_class = "shell.bad_flag"
        made.outcome.signature = f"unknown flag: --x{number}"
    return made


async def put(library: Library, *made: lessons.Lesson) -> None:
    """Announces lessons, as they come off the bus."""
    events = [lessons.LessonChanged(event_id=str(number), lesson=each) for number, each in enumerate(made)]
    await library.hear([Delivery(event.SerializeToString(), 1, "") for event in events])


async def texts(library: Library, asked: moments.Moment) -> list[str]:
    """What a lookup finds, best first."""
    return [candidate.packet.text for candidate in (await library.find(asked, 0)).candidates]
