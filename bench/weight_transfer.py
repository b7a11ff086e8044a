"""What weights fitted on one recording alone are worth on another: what the present ones, fitted on both, cannot show.

Weights start from nothing and see one recording's cases only, every tenth call of it, several times over. The cases of
a recording do not depend on any weights but in one point: groups that the present weights put below 0.4 % are no cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import log

from bench.weight_fit import Chance, Choice, Fit, Weights, score
from host.recordings.measures.failing import area
from services.prefetch import failure_forecast, next_call
from services.prefetch.tallies import sigmoid

STRIDE = 10
"""Calls of which one is a case: with all of them the features of a long recording would not fit into memory."""
ROUNDS = 20
TOP = 3


@dataclass
class Cases:
    """What was expected at every tenth call of a recording, and what came."""

    choices: list[Choice] = field(default_factory=list[Choice])
    chances: list[Chance] = field(default_factory=list[Chance])


@dataclass(frozen=True, slots=True)
class Both:
    """The weights of both questions."""

    next_call: Weights
    forecast: Weights


@dataclass(frozen=True, slots=True)
class Tried:
    """How weights do on a recording."""

    on: str
    weights: str
    """`now`, `its own` or `the others'`."""
    next_call: float | None
    """Share of calls among the first three expected."""
    auc: float | None
    """Area under the curve, of which groups fail within five calls."""
    loss: float | None
    """Mean log loss of the same: lower is better."""


PRESENT = Both(next_call.WEIGHTS, failure_forecast.WEIGHTS)


def transfers(names: Sequence[str], recordings: Sequence[Cases]) -> list[Tried]:
    """Each recording with the present weights, with those fitted on it, and with those fitted on the others alone."""
    own = [fitted(cases) for cases in recordings]
    found: list[Tried] = []
    for number, (name, cases) in enumerate(zip(names, recordings, strict=True)):
        found += [tried(name, "now", cases, PRESENT), tried(name, "its own", cases, own[number])]
        others = [*own[:number], *own[number + 1 :]]
        if others:
            found.append(tried(name, "the others'", cases, mean_of(others)))
    return found


def fitted(cases: Cases) -> Both:
    """Weights from nothing but these cases; the average of the second half of the rounds."""
    following, failing = Fit({}), Fit({})
    for number in range(ROUNDS):
        for choice in cases.choices:
            following.choose(choice)
        for chance in cases.chances:
            failing.weigh(chance)
        if number >= ROUNDS // 2:
            following.note()
            failing.note()
    return Both(following.average(), failing.average())


def mean_of(several: Sequence[Both]) -> Both:
    """The mean of weights, each recording counting alike."""
    return Both(mean([each.next_call for each in several]), mean([each.forecast for each in several]))


def mean(several: Sequence[Weights]) -> dict[str, float]:
    """The mean of each weight; one that is absent is 0."""
    names = sorted({name for weights in several for name in weights})
    return {name: sum(weights.get(name, 0.0) for weights in several) / len(several) for name in names}


def tried(on: str, called: str, cases: Cases, weights: Both) -> Tried:
    """How weights do on cases."""
    hits = sum(choice.made in first(choice, weights.next_call) for choice in cases.choices)
    chances = [sigmoid(score(weights.forecast, chance.features)) for chance in cases.chances]
    came = [chance.came for chance in cases.chances]
    losses = [-log(max(1e-9, each if true else 1 - each)) for each, true in zip(chances, came, strict=True)]
    return Tried(
        on,
        called,
        next_call=hits / len(cases.choices) if cases.choices else None,
        auc=area(chances, came),
        loss=sum(losses) / len(losses) if losses else None,
    )


def first(choice: Choice, weights: Weights) -> list[str]:
    """The three groups that are likeliest by these weights."""
    scores = {name: score(weights, each) for name, each in choice.candidates.items()}
    return sorted(scores, key=lambda name: (-scores[name], name))[:TOP]
