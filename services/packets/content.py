"""Which packets tell of what stands in a file, and so end when it is edited. Pure."""

from __future__ import annotations

from chassis.identifiers import digest
from spark.memory.v1 import lesson_pb2

FILE_TOOLS = frozenset({"Read", "Edit", "MultiEdit", "Write", "NotebookEdit"})

OF_CONTENT = frozenset(
    {
        "edit.string_not_found",
        "edit.ambiguous_match",
        "edit.stale_read",
        "edit.no_change",
        "read.too_large",
        "read.too_many_tokens",
    }
)
"""Failures that another content of the file would not have brought about. That a file was not read first is none."""


def file_of(lesson: lesson_pb2.Lesson) -> str | None:
    """The file whose content a lesson tells of; None where it tells of no file's."""
    about = lesson.tool in FILE_TOOLS and lesson.failure_class in OF_CONTENT
    return lesson.target if about and lesson.target else None


def remedy_of(lesson: lesson_pb2.Lesson) -> str:
    """Hash of what a lesson advises: with another remedy it is another piece of advice, of which nothing is known.
    So it is in a user's own words."""
    fix, own = lesson.fix, (lesson.text,) if lesson.revised else ()
    return digest(str(lesson.kind), str(fix.kind), fix.worked, *fix.steps, *own)
