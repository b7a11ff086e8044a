"""Whether what a lesson tells can still be so, as far as it can be seen from here.

A call that has succeeded since is noticed by memory, which files the lesson anew. What is left to look at is the disk:
a file that a lesson points to must still be there. Where the project cannot be seen from this machine nothing is known,
and what is unknown holds nothing back.
"""

from __future__ import annotations

import os.path

from spark.memory.v1 import lesson_pb2

POINTS_AT_A_FILE = frozenset({lesson_pb2.FIX_KIND_OTHER_PATH, lesson_pb2.FIX_KIND_READ_FIRST})


def no_longer_true(lesson: lesson_pb2.Lesson, root: str) -> bool:
    """Whether a lesson sends the agent to a file that is gone, in a project that can be seen from here."""
    if lesson.fix.kind not in POINTS_AT_A_FILE or not lesson.fix.worked:
        return False
    path = lesson.fix.worked
    if path.startswith("~") or not root.startswith("/") or not os.path.isdir(root):
        return False
    return not os.path.exists(os.path.join(root, path))
