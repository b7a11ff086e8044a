"""From the confidence that a model states to how often it is right. Pure.

What models say of themselves is mostly too high (Xiong et al. 2024, "Can LLMs Express Their Uncertainty?", ICLR), but
better than nothing (Tian et al. 2023, "Just Ask for Calibration"; asked ahead of the answer: Kadavath et al. 2022,
"Language Models (Mostly) Know What They Know"). Where outcomes of earlier answers are known, the stated confidence is
mapped by Platt's scaling (Platt 1999, fitted by the Newton method of Lin, Lin and Weng 2007): it needs fewer outcomes
than isotonic regression (Niculescu-Mizil and Caruana 2005). Until then the map is the identity, and says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

AT_LEAST = 50
"""Outcomes before a map is fitted; Niculescu-Mizil and Caruana find Platt's scaling of use from about so many."""
OF_EACH = 5
"""Right ones and wrong ones among them, at least."""
EDGE = 0.01
"""Stated confidence is kept so far from 0 and 1, where its logit has no end."""
ROUNDS = 100
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Outcome:
    """A confidence that was stated, and whether the answer was right."""

    stated: float
    right: bool


@dataclass(frozen=True, slots=True)
class Calibration:
    """The map; `fitted` tells whether it is more than the identity."""

    slope: float = 1.0
    offset: float = 0.0
    outcomes: int = 0
    fitted: bool = False

    def of(self, stated: float) -> float:
        """The confidence that counts, 0 to 1; never falls as the stated one rises."""
        if not self.fitted:
            return min(1.0, max(0.0, stated))
        return sigmoid(self.slope * logit(stated) + self.offset)


def calibrated(outcomes: Sequence[Outcome]) -> Calibration:
    """The map that the outcomes of earlier answers give; the identity where they are too few."""
    right = sum(outcome.right for outcome in outcomes)
    wrong = len(outcomes) - right
    if len(outcomes) < AT_LEAST or min(right, wrong) < OF_EACH:
        return Calibration(outcomes=len(outcomes))
    # Platt's targets, which keep the fit from being sure of what so few outcomes show.
    targets = [(right + 1) / (right + 2) if outcome.right else 1 / (wrong + 2) for outcome in outcomes]
    places = [logit(outcome.stated) for outcome in outcomes]
    slope, offset = fit(places, targets, prior=math.log((right + 1) / (wrong + 1)))
    if slope <= 0:
        # Who is surer when wrong tells nothing by it: what is left is how often it is right.
        slope, offset = 0.0, math.log((right + 1) / (wrong + 1))
    return Calibration(slope, offset, len(outcomes), fitted=True)


def fit(places: Sequence[float], targets: Sequence[float], prior: float) -> tuple[float, float]:
    """Slope and offset of the logistic curve of the least cross-entropy."""
    slope, offset = 0.0, prior
    loss = entropy(places, targets, slope, offset)
    for _ in range(ROUNDS):
        residues = [sigmoid(slope * at + offset) - target for at, target in zip(places, targets, strict=True)]
        weights = [max(1e-12, (r + t) * (1 - r - t)) for r, t in zip(residues, targets, strict=True)]
        down_slope = sum(r * at for r, at in zip(residues, places, strict=True))
        down_offset = sum(residues)
        aa = sum(w * at * at for w, at in zip(weights, places, strict=True)) + 1e-12
        bb = sum(weights) + 1e-12
        ab = sum(w * at for w, at in zip(weights, places, strict=True))
        determinant = aa * bb - ab * ab
        if (abs(down_slope) < TOLERANCE and abs(down_offset) < TOLERANCE) or determinant <= 0:
            break
        by_slope = (bb * down_slope - ab * down_offset) / determinant
        by_offset = (aa * down_offset - ab * down_slope) / determinant
        step = 1.0
        while step > 1e-10:
            tried = slope - step * by_slope, offset - step * by_offset
            better = entropy(places, targets, *tried)
            if better < loss:
                (slope, offset), loss = tried, better
                break
            step /= 2
        else:
            break
    return slope, offset


def entropy(places: Sequence[float], targets: Sequence[float], slope: float, offset: float) -> float:
    """Cross-entropy of a curve and the targets."""
    total = 0.0
    for at, target in zip(places, targets, strict=True):
        z = slope * at + offset
        total += math.log1p(math.exp(-abs(z))) + max(z, 0.0) - target * z
    return total


def logit(share: float) -> float:
    """Log-odds of a share, kept from its ends."""
    kept = min(1 - EDGE, max(EDGE, share))
    return math.log(kept / (1 - kept))


def sigmoid(z: float) -> float:
    """The share of which `z` is the logit."""
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))
