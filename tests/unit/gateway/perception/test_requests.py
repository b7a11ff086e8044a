"""What prompts ask to be done with the project as it stands, and what only sounds like it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.perception.purposes import Purpose
from gateway.perception.requests import asked_for

TEST, BUILD, LINT = Purpose.TEST, Purpose.BUILD, Purpose.LINT


@pytest.mark.parametrize(
    ("prompt", "purposes"),
    [
        ("Run the tests.", (TEST,)),
        ("Now rerun all the unit tests please", (TEST,)),
        ("Strings lose their escapes. Fix it and run the test suite", (TEST,)),
        ("test it", (TEST,)),
        ("Build it once more and commit.", (BUILD,)),
        ("please build the project", (BUILD,)),
        ("Clean up\nbuild\ncommit", (BUILD,)),
        ("Lint everything, then run the specs", (TEST, LINT)),
        ("Bring the snapshot up to date, lint, and check the types", (LINT,)),
        ("run the linter", (LINT,)),
    ],
)
def test_what_is_asked_for(prompt: str, purposes: tuple[Purpose, ...]) -> None:
    assert asked_for(prompt) == purposes


@pytest.mark.parametrize(
    "prompt",
    [
        "Build me a landing page with a hero section",
        "We must build it differently",
        "Build the parser module",
        "Write tests for the parser",
        "Test whether the login works",
        "test the login flow by hand",
        "Fix the lint errors in src",
        "The build fails on CI",
        "Add a unit test",
        "Why do the tests take so long?",
        "contest it; rebuilding trust; splint",
        "",
    ],
)
def test_what_only_sounds_like_it(prompt: str) -> None:
    assert asked_for(prompt) == ()


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert set(asked_for(text)) <= {TEST, BUILD, LINT}
