"""Weights that are fitted on one recording and tried on another."""

from __future__ import annotations

import pytest

from bench.weight_fit import Chance, Choice
from bench.weight_transfer import Cases, transfers


def cases(telling: str, vain: str) -> Cases:
    """A recording in which one feature tells all, and another nothing."""
    likely, unlikely = {telling: 1.0, vain: 0.5}, {telling: -1.0, vain: 0.5}
    choice = Choice({"made": likely, **{str(number): unlikely for number in range(5)}}, "made")
    return Cases([choice] * 20, [Chance(likely, True), Chance(unlikely, False)] * 20)


def test_what_one_recording_teaches_is_tried_on_the_other() -> None:
    found = {(each.on, each.weights): each for each in transfers(["a", "b"], [cases("x", "y"), cases("x", "z")])}

    for name in ("a", "b"):
        assert found[name, "the others'"].next_call == found[name, "its own"].next_call == 1.0
        assert found[name, "the others'"].auc == 1.0
        assert found[name, "its own"].loss == pytest.approx(found[name, "the others'"].loss, abs=0.05)


def test_weights_that_only_hold_where_they_were_fitted_are_seen_to() -> None:
    found = {(each.on, each.weights): each for each in transfers(["a", "b"], [cases("x", "y"), cases("z", "w")])}

    assert found["a", "its own"].auc == 1.0
    assert found["a", "the others'"].auc == 0.5


def test_one_recording_alone_is_tried_on_no_other() -> None:
    assert [each.weights for each in transfers(["a"], [cases("x", "y")])] == ["now", "its own"]
