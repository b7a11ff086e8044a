"""Fits the fixed weights of prediction on recordings, and says how well the present ones and the fitted ones do.

    python -m bench.prediction_weights PATH... [--json]

Each recording is learnt call by call, as prefetch learns it, past-only. Weights are fitted online beside it and
averaged over all calls, and over recordings alike, so that a long one does not outweigh a short one. They start at the
present ones, which were fitted on the two public recordings; what is fitted on one recording alone, and what that is
worth on the other, starts from nothing (`weight_transfer`). Nothing is written: what is taken over into
services/prefetch is a decision.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.unreadable import tell_skipped
from bench.weight_fit import Chance, Choice, Fit, Weights
from bench.weight_transfer import STRIDE, TOP, Cases, Tried, mean, transfers
from gateway.clients.claude_code.transcript import Problem
from host.recordings.failures import moments_in
from host.recordings.library import Library, opened
from host.recordings.replay import in_order
from services.prefetch import failure_forecast, next_call
from services.prefetch.learning import Knowledge, contexts, learn
from services.prefetch.model import REACH, Event, Place, Track
from services.prefetch.tallies import sigmoid
from services.prefetch.wire import event_from

UNLIKELY = 0.004
"""Groups below it are left out of the fit: there are many, and none is ever said."""

Waiting = tuple[int, int, dict[str, dict[str, float]]]
"""What was expected at a call: the number of the call in its session and in the recording, and the groups."""


@dataclass
class Recording:
    """What fitting on one recording brought."""

    calls: int = 0
    hits: int = 0
    """Next calls among the first three, with the present weights."""
    next_call: Fit = field(default_factory=lambda: Fit(dict(next_call.WEIGHTS)))
    forecast: Fit = field(default_factory=lambda: Fit(dict(failure_forecast.WEIGHTS)))
    cases: Cases = field(default_factory=Cases)
    """Every tenth call, for weights that know this recording alone."""


def events(library: Library) -> Iterator[Event]:
    """What prefetch would hear of a recording."""
    number = 0
    for hook in in_order(library.sources):
        for moment in moments_in(hook):
            number += 1
            event = event_from(moment, number)
            if event is not None:
                yield event


def fit(library: Library) -> Recording:
    """Learns a recording and fits beside it."""
    found = Recording()
    project, shared = Knowledge(), Knowledge()
    tracks: dict[Place, Track] = defaultdict(Track)
    waiting: dict[Place, list[Waiting]] = defaultdict(list)
    failed: dict[Place, list[tuple[int, str]]] = defaultdict(list)
    for event in events(library):
        place, track, call = event.place, tracks[event.place], event.call
        if call is not None:
            fit_next_call(found, track, event, call.group, project, shared)
            if event.failed:
                failed[place].append((track.index, call.group))
        learn(track, event, project, shared)
        if call is not None:
            found.forecast.note()
            waiting[place].append((track.index - 1, found.calls, expected(track, project)))
            if track.index - waiting[place][0][0] > REACH:
                fit_forecast(found, waiting[place].pop(0), failed[place])
    return found


def fit_next_call(
    found: Recording, track: Track, event: Event, group: str, project: Knowledge, shared: Knowledge
) -> None:
    """One step on the call that came."""
    expectation = next_call.Expectation(track, contexts(track, event), project.tallies, shared.tallies)
    found.calls += 1
    found.hits += group in [name for name, _ in expectation.ranked()[:TOP]]
    choice = Choice({name: expectation.features(name) for name in expectation.candidates()}, group)
    found.next_call.choose(choice)
    found.next_call.note()
    if found.calls % STRIDE == 0:
        found.cases.choices.append(choice)


def expected(track: Track, project: Knowledge) -> dict[str, dict[str, float]]:
    """The features of every group that is not too unlikely to fail."""
    here, index = failure_forecast.here(track), track.index - 1
    found: dict[str, dict[str, float]] = {}
    for group, history in project.groups.items():
        features = failure_forecast.features(group, history, track, index, project.tallies, here, project.calls, None)
        if sigmoid(sum(failure_forecast.WEIGHTS[name] * value for name, value in features.items())) > UNLIKELY:
            found[group] = features
    return found


def fit_forecast(found: Recording, waited: Waiting, failed: Sequence[tuple[int, str]]) -> None:
    """One step on each group, now that its next five calls are known."""
    index, number, groups = waited
    came = {group for at, group in failed if index < at <= index + REACH}
    for group, features in groups.items():
        chance = Chance(features, group in came)
        found.forecast.weigh(chance)
        if number % STRIDE == 0:
            found.cases.chances.append(chance)


def compared(present: Weights, averages: Sequence[Weights]) -> dict[str, dict[str, Any]]:
    """Each weight as it is, as fitted, and as fitted on each recording."""
    fitted = mean(averages)
    return {
        name: {
            "now": present.get(name, 0.0),
            "fitted": fitted.get(name, 0.0),
            "per_recording": [each.get(name, 0.0) for each in averages],
        }
        for name in sorted({*present, *fitted})
    }


def document_of(fits: Mapping[str, Recording], problems: Sequence[Problem]) -> dict[str, Any]:
    """All of it for programs, of which the tables for people are made."""
    recordings = list(fits.values())
    return {
        "recordings": [
            {"name": name, "calls": each.calls, "next_call_in_3": each.hits / each.calls} for name, each in fits.items()
        ],
        "skipped": [
            {"path": str(problem.path), "line": problem.line, "reason": problem.reason} for problem in problems
        ],
        "weights": {
            "next call": compared(next_call.WEIGHTS, [each.next_call.average() for each in recordings]),
            "failure within five calls": compared(
                failure_forecast.WEIGHTS, [each.forecast.average() for each in recordings]
            ),
        },
        "case_every_calls": STRIDE,
        "transfer": [asdict(each) for each in transfers(list(fits), [each.cases for each in recordings])],
    }


def tell(document: Mapping[str, Any]) -> None:
    """The tables for people."""
    for each in document["recordings"]:
        print(f"{each['name']}: {each['calls']} calls, next one in the first three {each['next_call_in_3']:.4f}")
    for title, weights in document["weights"].items():
        print(f"\n{title:<28}{'now':>8}{'fitted':>8}  per recording")
        for name, each in weights.items():
            own = " ".join(f"{value:.2f}" for value in each["per_recording"])
            print(f"{name:<28}{each['now']:>8.2f}{each['fitted']:>8.2f}  {own}")
    print(f"\n{'Every tenth call of':<28}{'weights':<14}{'next call in 3':>14}{'AUC':>8}{'log loss':>10}")
    for row in (Tried(**each) for each in document["transfer"]):
        print(f"{row.on[:27]:<28}{row.weights:<14}{of(row.next_call):>14}{of(row.auc):>8}{of(row.loss):>10}")
    if len(document["recordings"]) == 1:
        print("name a second recording to see what weights fitted on the one do on the other")


def of(value: float | None) -> str:
    """A figure; a dash where there is none."""
    return "-" if value is None else f"{value:.4f}"


def main() -> int:
    """Prints what was found; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.prediction_weights", description="Fits weights.")
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a recording: a table, or transcripts")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    asked = parser.parse_args()
    fits: dict[str, Recording] = {}
    problems: list[Problem] = []
    for path in asked.paths:
        library = opened([path])
        found = fit(library)
        problems.extend(library.problems)
        if found.calls:
            fits[str(path) if path.name in fits else path.name] = found
        elif not library.problems:
            problems.append(Problem(path, 0, "no recorded calls, skipped"))
    tell_skipped(problems)
    if not fits:
        return 1
    document = document_of(fits, problems)
    if asked.json:
        print(json.dumps(document, indent=2))
    else:
        tell(document)
    return 0


if __name__ == "__main__":
    sys.exit(main())
