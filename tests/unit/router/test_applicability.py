"""Whether a lesson sends to a file that is gone, as far as that can be seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.router.applicability import POINTS_AT_A_FILE, no_longer_true
from spark.memory.v1 import lesson_pb2


def pointing(path: str, kind: lesson_pb2.FixKind.ValueType = lesson_pb2.FIX_KIND_OTHER_PATH) -> lesson_pb2.Lesson:
    lesson = lesson_pb2.Lesson()
    lesson.fix.kind, lesson.fix.worked = kind, path
    return lesson


@pytest.mark.parametrize("kind", sorted(POINTS_AT_A_FILE))
def test_a_file_that_is_gone_makes_a_lesson_untrue(tmp_path: Path, kind: lesson_pb2.FixKind.ValueType) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "here.py").touch()
    for path in ("src/here.py", "src", str(tmp_path / "src" / "here.py")):
        assert not no_longer_true(pointing(path, kind), str(tmp_path))
    for path in ("src/gone.py", str(tmp_path / "gone.py")):
        assert no_longer_true(pointing(path, kind), str(tmp_path))


@pytest.mark.parametrize("kind", sorted(set(lesson_pb2.FixKind.values()) - POINTS_AT_A_FILE))
def test_a_fix_that_is_no_file_is_not_looked_for(tmp_path: Path, kind: lesson_pb2.FixKind.ValueType) -> None:
    assert not no_longer_true(pointing("pytest -q", kind), str(tmp_path))


@given(st.text(max_size=40), st.sampled_from(["", "relative", "C:\\work", "/nowhere/that/exists", "\0"]))
def test_what_cannot_be_seen_holds_nothing_back(path: str, root: str) -> None:
    assert not no_longer_true(pointing(path), root)


def test_a_path_of_somebodys_home_may_be_anywhere(tmp_path: Path) -> None:
    assert not no_longer_true(pointing("~/notes.md"), str(tmp_path))
    assert not no_longer_true(pointing(""), str(tmp_path))
