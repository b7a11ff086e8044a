"""What lessons name and suggest, so that outcomes can be bound to them."""

from __future__ import annotations

import pytest

from services.router.naming import named_by, suggested_by
from spark.memory.v1 import lesson_pb2 as lessons
from spark.router.v1 import router_pb2

Fixed = tuple[lessons.FixKind.ValueType, str, list[str], list[tuple[str, str, list[str]]]]

FIXES: list[Fixed] = [
    (lessons.FIX_KIND_CHANGED_ARGUMENTS, "tool --new x", [], [("Bash", "tool --new x", ["--new"])]),
    (lessons.FIX_KIND_OTHER_COMMAND, "uv run tool x", [], [("Bash", "uv run tool x", ["uv", "run"])]),
    (lessons.FIX_KIND_READ_FIRST, "a.py", [], [("Read", "a.py", [])]),
    # The call that failed is no suggestion, though it worked in the end.
    (lessons.FIX_KIND_STEP_BEFORE, "tool --old x", ["a", "b"], [("Bash", "a", []), ("Bash", "b", [])]),
    (lessons.FIX_KIND_OTHER_DIRECTORY, "tool --old x", ["web"], [("Bash", "tool --old x", ["web"])]),
    (lessons.FIX_KIND_UNSPECIFIED, "", [], []),
]


@pytest.mark.parametrize(("kind", "worked", "steps", "expected"), FIXES)
def test_a_fix_suggests_what_can_be_told_from_the_failure(
    kind: lessons.FixKind.ValueType, worked: str, steps: list[str], expected: list[tuple[str, str, list[str]]]
) -> None:
    lesson = lessons.Lesson(tool="Bash", target="tool --old x", failure_class="shell.bad_flag")
    lesson.fix.kind, lesson.fix.worked = kind, worked
    lesson.fix.steps.extend(steps)
    assert suggested_by(lesson) == [
        router_pb2.Suggestion(tool=tool, target=target, words=words) for tool, target, words in expected
    ]


def test_a_failure_is_named_by_its_class_a_refusal_as_such_and_a_fact_names_none() -> None:
    failure = lessons.Lesson(tool="Bash", target_class="tool", failure_class="shell.bad_flag")
    assert [each.failure_class for each in named_by(failure)] == ["shell.bad_flag"]
    refusal = lessons.Lesson(tool="Bash", target_class="git push", kind=lessons.LESSON_KIND_USER_REJECTION)
    assert [each.failure_class for each in named_by(refusal)] == ["tool.rejected_by_user"]
    fact = lessons.Lesson(tool="Bash", target="make test", kind=lessons.LESSON_KIND_PROJECT_FACT)
    assert named_by(fact) == []
    assert [each.target for each in suggested_by(fact)] == ["make test"]
