"""Which call comes next: contexts of different reach, backed off and weighed together. Pure.

Each expert is a context of the session (the last call with its result, the calls before it, what kind of command it
was, the words of a prompt just given), backed off to a shorter one, to the project, to all projects, and at last to
what the intent of the prompt makes likely. Their log-probabilities are summed with fixed weights (a log-linear mixture,
also called a product of experts). The weights were fitted on two recordings of different agents together
(`bench/prediction_weights.py`); what a project does is in its counts, not in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log

from services.prefetch.model import Track
from services.prefetch.priors import prior_of
from services.prefetch.tallies import Tallies, witten_bell

CANDIDATES = 16
PER_CONTEXT = 5
SESSION_DECAY = 0.95
"""Per call: what the session did forty calls ago counts a tenth."""
LEAST = 1e-4

WEIGHTS: dict[str, float] = {
    "last": -0.28,
    "thread": -0.04,
    "turn": 0.13,
    "two": -0.03,
    "three": 0.05,
    "four": 0.115,
    "kind": 0.23,
    "bag": 0.2,
    "session": 0.03,
    "session last": 0.1,
    "session two": 0.1,
    "words": 0.2,
    "ago 1": 0.02,
    "ago 2": 0.11,
    "ago 4": 0.08,
    "ago 10": -0.01,
    "ago 40": -0.15,
    "new": -0.24,
    "at once": 0.02,
    "soon": 0.05,
}


def contexts_of(track: Track, *, subagent: bool) -> dict[str, str]:
    """The contexts of a session by expert, as keys of tallies; words of a prompt come as "word 0" and so on."""
    last = track.last
    here = f"{last.group}|{'-' if last.failed else '+'}" if last is not None else "^"
    before, third, fourth = track.previous(2), track.previous(3), track.previous(4)
    run = 0
    other = "^"
    for step in reversed(track.steps):
        if last is None or step.group != last.group:
            other = step.group
            break
        run += 1
    bag = ",".join(sorted({step.group for step in track.steps[-5:]}))
    kind = last.detail if last is not None else ""
    spoken = "p" if track.prompted else ""
    found = {
        "last": f"1|{here}",
        "thread": f"t|{here}|{subagent:d}{spoken}",
        "turn": f"d|{here}|{other}|{min(run, 4)}{spoken}",
        "two": f"2|{here}|{before}",
        "three": f"3|{here}|{before}|{third}",
        "four": f"4|{here}|{before}|{third}|{fourth}",
        "kind": f"k|{here}|{kind}|{other}|{min(run, 3)}",
        "bag": f"b|{here}|{bag}",
    }
    if track.prompted:
        found.update({f"word {number}": f"w|{word}" for number, word in enumerate(track.prompt_words)})
    return found


def learnt_in(contexts: dict[str, str]) -> list[str]:
    """The tallies of a project in which the next call is counted."""
    return ["0", *contexts.values()]


def shared_in(contexts: dict[str, str]) -> list[str]:
    """The tallies of all projects together in which the next call is counted."""
    return ["0", contexts["last"], contexts["two"]]


class Expectation:
    """What a session is likely to do next."""

    def __init__(self, track: Track, contexts: dict[str, str], project: Tallies, shared: Tallies) -> None:
        self._track = track
        self._contexts = contexts
        self._project = project
        self._shared = shared
        self._local = local_counts(track)
        self._ago = {step.group: len(track.steps) - number for number, step in enumerate(track.steps)}
        self._gap = gap_of(track)

    def ranked(self, weights: dict[str, float] = WEIGHTS) -> list[tuple[str, float]]:
        """Groups of calls with their probability among the candidates, likeliest first."""
        scores: dict[str, float] = {}
        for group in self.candidates():
            features = self.features(group)
            scores[group] = sum(weights.get(name, 0.0) * value for name, value in features.items())
        if not scores:
            return []
        best = max(scores.values())
        odds = {group: exp(score - best) for group, score in scores.items()}
        total = sum(odds.values())
        ranked = sorted(odds, key=lambda group: (-odds[group], group))
        return [(group, odds[group] / total) for group in ranked]

    def first(self, number: int) -> tuple[str, ...]:
        """The likeliest groups of calls."""
        return tuple(group for group, _ in self.ranked()[:number])

    def candidates(self) -> list[str]:
        """Groups worth weighing: the commonest of each context."""
        found: dict[str, float] = {}
        sources = [self._project.get(key) for key in ("0", *self._contexts.values())]
        sources += [self._shared.get(key) for key in shared_in(self._contexts)]
        for tally in sources:
            if tally is None:
                continue
            best = sorted(tally.events, key=tally.events.__getitem__, reverse=True)[:PER_CONTEXT]
            for group in best:
                found[group] = found.get(group, 0.0) + tally.events[group] / max(tally.total, 1.0)
        for counts in self._local:
            for group in sorted(counts, key=counts.__getitem__, reverse=True)[:PER_CONTEXT]:
                found[group] = found.get(group, 0.0) + 0.2
        return sorted(found, key=found.__getitem__, reverse=True)[:CANDIDATES]

    def features(self, group: str) -> dict[str, float]:
        """Log-probabilities of a group by each expert, and how long ago the session last did it."""
        project, shared, at = self._project, self._shared, self._contexts
        general = prior_of(group, self._track.intent)
        general = witten_bell(shared.get("0"), group, general)
        general = witten_bell(shared.get(at["last"]), group, general)
        general = witten_bell(shared.get(at["two"]), group, general)
        base = witten_bell(project.get("0"), group, general)
        last = witten_bell(project.get(at["last"]), group, base)
        thread = witten_bell(project.get(at["thread"]), group, last)
        turn = witten_bell(project.get(at["turn"]), group, thread)
        two = witten_bell(project.get(at["two"]), group, thread)
        three = witten_bell(project.get(at["three"]), group, two)
        four = witten_bell(project.get(at["four"]), group, three)
        kind = witten_bell(project.get(at["kind"]), group, thread)
        bag = witten_bell(project.get(at["bag"]), group, last)
        whole, after_last, after_two = self._local
        session = mixed(whole, group, base)
        session_last = mixed(after_last, group, session)
        session_two = mixed(after_two, group, session_last)
        values = {
            "last": last,
            "thread": thread,
            "turn": turn,
            "two": two,
            "three": three,
            "four": four,
            "kind": kind,
            "bag": bag,
            "session": session,
            "session last": session_last,
            "session two": session_two,
            "words": self._by_words(group, thread),
        }
        features = {name: log(value + LEAST) for name, value in values.items()}
        features[recency(self._ago.get(group))] = 1.0
        if self._ago.get(group) == 1:
            features[self._gap] = 1.0
        return features

    def _by_words(self, group: str, general: float) -> float:
        shares: list[float] = []
        for name, key in self._contexts.items():
            tally = self._project.get(key) if name.startswith("word ") else None
            if tally is not None and tally.total >= 2:
                shares.append(tally.count(group) / (tally.total + 3))
        return 0.5 * general + 0.5 * sum(shares) / len(shares) if shares else general


def local_counts(track: Track) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    """What the session itself did: at all, after a call like the last, and after two like the last two."""
    whole: dict[str, float] = {}
    after_last: dict[str, float] = {}
    after_two: dict[str, float] = {}
    groups = [step.group for step in track.steps]
    weight = 1.0
    for number in range(len(groups) - 1, -1, -1):
        group = groups[number]
        whole[group] = whole.get(group, 0.0) + weight
        if number >= 1 and groups[number - 1] == groups[-1]:
            after_last[group] = after_last.get(group, 0.0) + weight
            if number >= 2 and len(groups) >= 2 and groups[number - 2] == groups[-2]:
                after_two[group] = after_two.get(group, 0.0) + weight
        weight *= SESSION_DECAY
    return whole, after_last, after_two


def mixed(counts: dict[str, float], event: str, general: float) -> float:
    """As `witten_bell`, for counts of the session."""
    total = sum(counts.values())
    if not total:
        return general
    own = total / (total + 1.2 * len(counts))
    return (1.0 - own) * general + own * counts.get(event, 0.0) / total


def recency(ago: int | None) -> str:
    """How long ago a group was called last, as a feature."""
    if ago is None:
        return "new"
    return next(f"ago {limit}" for limit in (1, 2, 4, 10, 40) if ago <= limit)


def gap_of(track: Track) -> str:
    """How fast the last two calls followed each other, as a feature: calls of one step come together."""
    if len(track.steps) < 2:
        return "later"
    gap = track.steps[-1].seconds - track.steps[-2].seconds
    return "at once" if gap < 0.8 else "soon" if gap < 2.5 else "later"


def detail_of(tool_words: Sequence[str], piped_to: str) -> str:
    """What a command did within its group: its first words, and where its output went."""
    bare = [word for word in tool_words if not word.startswith("-")][:3]
    return f"{' '.join(bare)[:40]}{'|' + piped_to[:40] if piped_to else ''}"
