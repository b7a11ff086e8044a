"""How likely one call fails."""

from __future__ import annotations

from math import log

from hypothesis import given, settings
from hypothesis import strategies as st

from services.prefetch.failing_call import WEIGHTS_AT_MOST, features_of, improve, probability, sought_by
from services.prefetch.learning import Knowledge, learn_call
from services.prefetch.model import Call, Outcome, Track
from tests.unit.prefetch.told import FAILED, REJECTED, SUCCEEDED, Session, came_back, file, odd_calls, outcomes, shell


def foretold(session: Session, call: Call) -> float:
    keys = sought_by(call, session.track)
    return probability(features_of(call, session.track, session.project.tallies, keys), session.project.weights)


@settings(max_examples=40)
@given(st.lists(st.tuples(odd_calls(), outcomes()), max_size=12), odd_calls())
def test_whatever_is_called_has_a_probability(story: list[tuple[Call, Outcome]], call: Call) -> None:
    assert 0.0 < foretold(Session().goes(story), call) < 1.0


@settings(max_examples=40)
@given(st.lists(st.tuples(odd_calls(), outcomes()), max_size=12), odd_calls(), st.booleans())
def test_a_step_of_learning_lowers_the_loss_on_what_was_seen(
    story: list[tuple[Call, Outcome]], call: Call, failed: bool
) -> None:
    session = Session().goes(story)
    keys, weights = sought_by(call, session.track), session.project.weights
    features = features_of(call, session.track, session.project.tallies, keys)
    before = probability(features, weights)
    improve(weights, features, before, failed=failed)
    after = probability(features, weights)
    assert -log(after if failed else 1.0 - after) <= -log(before if failed else 1.0 - before)


def test_a_call_that_failed_is_likelier_to_fail_than_its_like() -> None:
    session = Session().goes([(shell("make test --x"), FAILED), (shell("make test --y"), SUCCEEDED)] * 4)
    risk = {word: foretold(session, shell(f"make test --{word}")) for word in "xyz"}
    assert risk["x"] > risk["z"] > risk["y"]


def test_a_file_that_nobody_has_seen_is_likelier_to_be_missing() -> None:
    known, unknown = file("Read", "src/a.py"), file("Read", "src/b.md")
    session = Session().goes([(known, SUCCEEDED)])
    assert foretold(session, unknown) > foretold(session, known)
    # It is not known by having been looked for in vain, nor an edit's file by a read that was refused.
    session.goes([(unknown, FAILED), (file("Read", "src/c.py"), REJECTED)])
    assert set(session.track.reads) == {"src/a.py"}
    assert "xp|src/b.md" not in session.project.tallies


def test_tools_without_end_do_not_add_weights_without_end() -> None:
    project = Knowledge()
    for number in range(2 * WEIGHTS_AT_MOST):
        call = Call("", f"mcp__server__{number}", "")
        learn_call(Track(), came_back(call, number, FAILED), call, project, Knowledge())
    assert len(project.weights) == WEIGHTS_AT_MOST
