"""Fitting the fixed weights of prediction step by step (AdaGrad), on what was expected and what then came. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp

from services.prefetch.tallies import sigmoid

STEP = 0.05

Features = Mapping[str, float]
Weights = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Choice:
    """The groups that a next call could be of, by their features, and the one that it was of."""

    candidates: Mapping[str, Features]
    made: str


@dataclass(frozen=True, slots=True)
class Chance:
    """A group that may fail within the next five calls, and whether it did."""

    features: Features
    came: bool


@dataclass
class Fit:
    """Weights while they are fitted, and their average."""

    weights: dict[str, float]
    squares: dict[str, float] = field(default_factory=lambda: defaultdict(lambda: 1.0))
    total: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    steps: int = 0

    def choose(self, choice: Choice) -> None:
        """One step on a next call; one that was of none of the candidates teaches nothing."""
        if choice.made not in choice.candidates:
            return
        scores = {name: score(self.weights, each) for name, each in choice.candidates.items()}
        best = max(scores.values())
        odds = {name: exp(value - best) for name, value in scores.items()}
        total = sum(odds.values())
        gradient: dict[str, float] = defaultdict(float)
        for name, each in choice.candidates.items():
            share = odds[name] / total - (name == choice.made)
            for key, value in each.items():
                gradient[key] += share * value
        self._step(gradient)

    def weigh(self, chance: Chance) -> None:
        """One step on a group that may fail."""
        error = sigmoid(score(self.weights, chance.features)) - chance.came
        self._step({name: error * value for name, value in chance.features.items()})

    def note(self) -> None:
        """Takes the present weights into the average."""
        self.steps += 1
        for name, value in self.weights.items():
            self.total[name] += value

    def average(self) -> dict[str, float]:
        """The average so far."""
        return {name: value / max(1, self.steps) for name, value in self.total.items()}

    def _step(self, gradient: Mapping[str, float]) -> None:
        for name, value in gradient.items():
            self.squares[name] += value * value
            self.weights[name] = self.weights.get(name, 0.0) - STEP * value / self.squares[name] ** 0.5


def score(weights: Weights, features: Features) -> float:
    """The weighted sum of features."""
    return sum(weights.get(name, 0.0) * value for name, value in features.items())
