"""What a forgotten session leaves behind in lessons that others share: nothing of its own."""

from __future__ import annotations

import pytest

from services.memory.forgetting import without_session
from services.memory.model import Kind, Lesson, Purpose
from services.memory.naming import keys_of
from services.memory.records import dump
from services.memory.wire import lesson_message
from tests.unit.memory.story import Story

FOUND = ("omega", "secretfix", "secretcall")


@pytest.fixture
def story() -> Story:
    return Story()


def told(story: Story, failing: str, works: str, *, session: str, word: str) -> None:
    """A failure and its fix in one session, with a word in each place where a lesson keeps words."""
    story.session = session
    story.prompt(f"prompt{word}")
    story.shell(f"before {word}")
    story.shell(failing, "shell.missing_module", "left-pad")
    if works:
        story.shell(works)


def fix_lesson(story: Story) -> Lesson:
    (lesson,) = [lesson for lesson in story.lessons.values() if lesson.kind is Kind.FAILURE_FIX]
    return lesson


def test_words_of_the_forgotten_session_are_gone(story: Story) -> None:
    told(story, "node app --x", "node app --y", session="kept", word="alpha")
    told(story, "node app --x", "node app --secretfix", session="gone", word="omega")
    story.shell("node app --secretcall", "shell.missing_module", "left-pad")
    told(story, "node app --x", "node app --y", session="kept", word="alpha")
    lesson = fix_lesson(story)
    assert {"omega", "secretfix", "secretcall"} <= {word for word in FOUND if word in dump(lesson)}
    left = without_session(lesson, "gone")
    assert left is not None
    kept = dump(left) + str(lesson_message(left))
    assert [word for word in (*FOUND, '"gone"') if word in kept] == []
    assert "alpha" in kept
    assert "`node app --y`" in left.text
    assert keys_of(left) < keys_of(lesson)


@pytest.mark.parametrize("session", ["first", "second"])
def test_a_lesson_that_shows_the_session_s_words_is_withdrawn(story: Story, session: str) -> None:
    told(story, "node app --x", "", session="first", word="a")
    told(story, "node app --x --more", "node app --z", session="second", word="b")
    lesson = fix_lesson(story)
    assert (without_session(lesson, session) is None) == (session == "second")


def test_a_fact_of_many_sessions_survives_each(story: Story) -> None:
    for session in ("one", "two", "three"):
        story.session = session
        story.shell("make check", purpose=Purpose.TEST)
    (fact,) = story.lessons.values()
    for session in ("one", "two", "three"):
        left = without_session(fact, session)
        assert left is not None
        assert session not in dump(left)
        assert left.text == fact.text


def test_a_repeated_failure_of_one_session_s_words_goes_with_it(story: Story) -> None:
    for session in ("one", "two"):
        story.session = session
        story.shell(f"tool {session}", "shell.missing_module", "left-pad", target_class="tool")
    (lesson,) = story.lessons.values()
    assert without_session(lesson, "one") is None, "its call is the one that is shown"
    left = without_session(lesson, "two")
    assert left is not None
    assert "two" not in dump(left)
