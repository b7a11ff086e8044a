"""How likely one call fails, told before it is made. Pure.

Logistic regression on what is known of the call and of the session, learnt online with AdaGrad (Duchi, Hazan & Singer
2011) for each project from weights that are common to all. What it has not seen fail it judges by what it resembles:
the same command head, the same words, the same kind of call after the same kind of result.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from math import log

from services.prefetch.model import EDITS, READS, SEARCHES, Call, Track
from services.prefetch.tallies import Tallies, logit, sigmoid, smoothed

STEP = 0.15
"""Size of a learning step before AdaGrad shrinks it."""
WORDS_AT_MOST = 6
WEIGHTS_AT_MOST = 256
"""Features that a project has weights for; what makes them many is the tools that it calls."""
HEAD_WORDS = 4
SAYS_WILL_FAIL = re.compile(r"\bfail|\breproduc|\bexpect(?:ed)? (?:an )?error", re.IGNORECASE)
WORD = re.compile(r"[A-Za-z0-9_.-]{2,}")
ROUGHLY_FAILS = 1.0 / 30.0
"""Share of calls that fail in recordings: 3 to 8 of 100."""

WEIGHTS: dict[str, float] = {
    "bias": -0.3,
    "group": 0.2,
    "target": 0.45,
    "head": 0.1,
    "after": 0.05,
    "words": 0.15,
    "word": 0.1,
    "pipe": -0.5,
    "unknown path": 0.8,
    "unknown name": 0.6,
    "unread": 0.5,
    "says so": 0.8,
    "failed before": 0.4,
}
"""Where learning starts in a project; what is not named starts at 0."""

Features = dict[str, float]


def sought_by(call: Call, track: Track) -> dict[str, str]:
    """Tallies that speak about a call, by the part they play."""
    last = track.last
    after = f"{last.group}|{'-' if last.failed else '+'}" if last is not None else "^"
    keys = {
        "all": "x",
        "group": f"xc|{call.group}",
        "target": f"xt|{identity(call)}",
        "head": f"xh|{head(call)}",
        "after": f"xm|{after}|{call.group}",
    }
    keys.update({f"word {number}": f"xk|{call.tool}|{word}" for number, word in enumerate(words_of(call))})
    if not call.is_shell and call.target:
        keys["path"] = f"xp|{call.target}"
        keys["name"] = f"xn|{posixpath.basename(call.target)}"
    return keys


def identity(call: Call) -> str:
    """What exactly is called."""
    return f"{call.tool}|{call.command[:400] if call.is_shell else call.target}"


def head(call: Call) -> str:
    """The beginning of a command, or the name of a file whatever its folder."""
    if call.is_shell:
        return f"{call.tool}|{' '.join(call.command.split()[:HEAD_WORDS])[:120]}"
    return f"{call.tool}|{posixpath.basename(call.target)}"


def words_of(call: Call) -> list[str]:
    """The words of a call, the first few."""
    text = call.command[:300] if call.is_shell else call.target
    return list(dict.fromkeys(WORD.findall(text)))[:WORDS_AT_MOST]


def features_of(call: Call, track: Track, tallies: Tallies, keys: dict[str, str]) -> Features:
    """What speaks for and against a call, as numbers near 1."""
    anything = smoothed(tallies.get(keys["all"]), "f", ROUGHLY_FAILS, 30.0)
    group = smoothed(tallies.get(keys["group"]), "f", anything, 5.0)

    def rate(part: str, weight: float) -> float:
        return smoothed(tallies.get(keys[part]), "f", group, weight)

    by_word = [logit(rate(part, 6.0)) for part in keys if part.startswith("word ")]
    last, own = track.last, track.groups.get(call.group)
    found: Features = {
        "bias": 1.0,
        "group": logit(group),
        "target": logit(rate("target", 3.0)),
        "head": logit(rate("head", 3.0)),
        "after": logit(rate("after", 5.0)),
        "words": sum(by_word) / len(by_word) if by_word else logit(group),
        "word": max(by_word, default=logit(group)),
        f"tool {call.tool}": 1.0,
        "failed just before": float(last is not None and last.failed),
        "failures of late": sum(step.failed for step in track.steps[-5:]) / 5,
        "first": float(not track.steps),
        "at once": float(len(track.steps) > 1 and track.steps[-1].seconds - track.steps[-2].seconds < 1.0),
        "edits of late": sum(step.edit for step in track.steps[-8:]) / 8,
        "failed before": float(identity(call) in track.failures),
    }
    if own is not None:
        ago = track.index - own.failed if own.failed >= 0 else 99
        found["group failed lately"] = float(ago <= 3)
        found["group worked last"] = float(own.failed != own.last)
    if call.is_shell:
        found.update(of_command(call))
    elif call.tool in EDITS:
        found.update(of_edit(call, track))
    elif call.tool in READS | SEARCHES:
        found.update(of_reading(call, track, tallies, keys))
    return found


def of_command(call: Call) -> Features:
    """What the shape of a command line says."""
    command = call.command
    return {
        "length": log(1 + len(command)) / 7,
        "pipe": float("|" in command.replace("||", "")),
        "and": float("&&" in command),
        "or": float("||" in command or ";" in command),
        "folder": float(command.startswith("cd ")),
        "document": float("<<" in command),
        "joined": float("2>&1" in command),
        "muted": float("2>/dev/null" in command),
        "says so": float(bool(SAYS_WILL_FAIL.search(call.description))),
    }


def of_edit(call: Call, track: Track) -> Features:
    """What the session did with the file that is to be edited."""
    read, edited = track.reads.get(call.target), track.edits.get(call.target)
    newest = max(-1 if read is None else read, -1 if edited is None else edited)
    return {
        "unread": float(newest < 0),
        "edited since read": float(edited is not None and (read is None or edited > read)),
        "read long ago": min(track.index - newest, 50) / 50 if newest >= 0 else 1.0,
    }


def of_reading(call: Call, track: Track, tallies: Tallies, keys: dict[str, str]) -> Features:
    """Whether the project and the session know the path that is to be read."""
    if not call.target:
        return {}
    path, name = tallies.get(keys["path"]), tallies.get(keys["name"])
    return {
        "unknown path": float(path is None),
        "unknown name": float(name is None),
        "new here": float(call.target not in track.touched),
        "no extension": float("." not in posixpath.basename(call.target)),
        "in parts": float("limit=" in call.command or "offset=" in call.command),
    }


def probability(features: Features, learnt: dict[str, list[float]]) -> float:
    """Probability that the call fails."""
    return sigmoid(sum(weight_of(name, learnt) * value for name, value in features.items()))


def weight_of(name: str, learnt: dict[str, list[float]]) -> float:
    """The weight of a feature in a project."""
    return learnt[name][0] if name in learnt else WEIGHTS.get(name, 0.0)


def improve(learnt: dict[str, list[float]], features: Features, expected: float, *, failed: bool) -> None:
    """One step of learning, in place: each feature has its weight and the sum of its squared gradients."""
    error = expected - failed
    for name, value in features.items():
        if not value or (name not in learnt and len(learnt) >= WEIGHTS_AT_MOST):
            continue
        weight, squares = learnt.get(name, [WEIGHTS.get(name, 0.0), 1.0])
        gradient = error * value
        squares += gradient * gradient
        learnt[name] = [weight - STEP * gradient / squares**0.5, squares]


def counted_in(call: Call, keys: dict[str, str], *, failed: bool) -> Sequence[tuple[str, bool]]:
    """Tallies in which the call counts, each with whether it counts as failed; a path is known once it was there."""
    places = {"path", "name"}
    counted = [(key, failed) for part, key in keys.items() if part not in places]
    if not failed:
        counted += [(key, False) for part, key in keys.items() if part in places]
    return counted
