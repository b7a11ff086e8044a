"""What is kept is read as it was."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.prefetch.failure_forecast import GroupHistory
from services.prefetch.learning import Knowledge
from services.prefetch.model import Call, Outcome, Track
from services.prefetch.records import (
    dump_example,
    dump_history,
    dump_project,
    dump_track,
    key_of,
    load_example,
    load_history,
    load_project,
    load_track,
)
from tests.unit.prefetch.told import Session, odd_calls, outcomes, stories


@settings(max_examples=40)
@given(stories(), st.lists(st.tuples(odd_calls(), outcomes()), max_size=5))
def test_all_that_a_session_leaves_is_read_as_it_was(
    story: list[tuple[Call, Outcome]], odd: list[tuple[Call, Outcome]]
) -> None:
    session = Session()
    for call, outcome in (*story, *odd):
        for example in session.calls(call, outcome).examples:
            assert load_example(dump_example(example)) == example
    track = load_track(dump_track(session.track))
    for part in fields(Track):
        assert getattr(track, part.name) == getattr(session.track, part.name), part.name
    for history in session.project.groups.values():
        assert load_history(dump_history(history)) == history
    project = Knowledge()
    load_project(dump_project(session.project), project)
    assert (project.curve, project.calls) == (session.project.curve, session.project.calls)
    assert project.weights.keys() == session.project.weights.keys()
    for name, pair in session.project.weights.items():
        assert project.weights[name] == pytest.approx(pair, abs=1e-5)


def test_a_history_of_before_a_field_was_there_is_read() -> None:
    assert load_history(b'{"runs": 3.0, "failures": 1.0, "fix_words": []}') == GroupHistory(3.0, 1.0)


@given(st.text(max_size=80), st.text(max_size=80))
def test_contexts_are_told_apart_by_their_keys(one: str, other: str) -> None:
    assert (key_of(one) == key_of(other)) == (one == other)
