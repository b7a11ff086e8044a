"""What a project learns from a call that came back, and what it would have said before it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from services.prefetch import failing_call, failure_forecast, next_call
from services.prefetch.examples import Example, taken_in
from services.prefetch.failure_forecast import GroupHistory
from services.prefetch.follow import advance, prompted
from services.prefetch.model import REACH, Call, Event, Track, Window
from services.prefetch.noise_curve import THRESHOLDS, NoiseCurve
from services.prefetch.tallies import Tally

TOP = 3
"""Calls named as likely next: the measure by which next-call prediction is judged."""
CLASSES_AT_MOST = 8
GROUPS_AT_MOST = 256
"""Groups that are forecast; each costs 10 µs for each call that is prepared for. Those that failed last are kept."""
FIX_WORDS_AT_MOST = 24
CLASS_DECAY = 0.9
"""Per failure of the group: the ways in which it fails now count more than those of before."""


@dataclass
class Knowledge:
    """What is known of a project, as far as it was read, and what changed of it."""

    tallies: dict[str, Tally] = field(default_factory=dict[str, Tally])
    groups: dict[str, GroupHistory] = field(default_factory=dict[str, GroupHistory])
    """Groups that have failed."""
    weights: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    curve: NoiseCurve = field(default_factory=NoiseCurve)
    calls: float = 0.0
    version: int = 0
    """Differs after each write."""
    changed: set[str] = field(default_factory=set[str])
    changed_groups: set[str] = field(default_factory=set[str])
    dropped_groups: set[str] = field(default_factory=set[str])

    def tally(self, key: str) -> Tally:
        """A tally to be changed."""
        self.changed.add(key)
        return self.tallies.setdefault(key, Tally())

    def written(self) -> None:
        """Notes that what changed is stored."""
        for changes in (self.changed, self.changed_groups, self.dropped_groups):
            changes.clear()

    def drop_group(self) -> None:
        """Drops the group whose last failure is the longest ago."""
        oldest = min(self.groups, key=lambda group: self.groups[group].failed_at)
        del self.groups[oldest]
        self.changed_groups.discard(oldest)
        self.dropped_groups.add(oldest)


@dataclass(frozen=True, slots=True)
class Foretold:
    """What was expected of a call before it came back."""

    tool_use_id: str
    failure: float
    """Probability that it fails."""
    next_calls: tuple[str, ...]
    """Groups that were expected, likeliest first."""
    group: str
    failed: bool
    expected: bool
    """Whether what followed it was prepared for: the call was among those expected."""


def needed(track: Track, event: Event) -> set[str]:
    """Tallies of the project that learning from an event reads, beside those of windows that are still open."""
    keys = {key for window in track.windows for key in window.contexts}
    if event.call is None:
        return keys
    keys.update(next_call.learnt_in(contexts(track, event)))
    keys.update(failing_call.sought_by(event.call, track).values())
    returned = failure_forecast.outcome_of(event.call.group, failed=event.failed)
    keys.update(failure_forecast.contexts_of(returned, track.previous(1)))
    return keys


def needed_shared(track: Track, event: Event) -> set[str]:
    """The same of all projects together."""
    return set(next_call.shared_in(contexts(track, event))) if event.call is not None else set()


def contexts(track: Track, event: Event) -> dict[str, str]:
    """The contexts in which the session stands before an event."""
    return next_call.contexts_of(track, subagent=bool(event.place.agent_id))


@dataclass(frozen=True, slots=True)
class Learnt:
    """What an event brought beside changed counts."""

    foretold: Foretold | None = None
    examples: Sequence[Example] = ()


def learn(track: Track, event: Event, project: Knowledge, shared: Knowledge) -> Learnt:
    """Learns from an event, in place."""
    call = event.call
    if call is None:
        prompted(track, event)
        return Learnt()
    foretold = learn_call(track, event, call, project, shared)
    learn_next(track, event, call, project, shared)
    close_windows(track, call.group if event.failed else "", call.group, project)
    examples = taken_in(track, event, call, known_to_fail=call.group in project.groups)
    advance(track, event, call)
    project.calls += 1
    count_group(event, call, project)
    note_fix(examples, call, project)
    open_window(track, event, project)
    return Learnt(foretold, examples)


def learn_call(track: Track, event: Event, call: Call, project: Knowledge, shared: Knowledge) -> Foretold:
    """Judges the call by what was known before it, then learns how it came back."""
    keys = failing_call.sought_by(call, track)
    features = failing_call.features_of(call, track, project.tallies, keys)
    expected = failing_call.probability(features, project.weights)
    failing_call.improve(project.weights, features, expected, failed=event.failed)
    for key, counts_as_failed in failing_call.counted_in(call, keys, failed=event.failed):
        tally = project.tally(key)
        tally.see()
        if counts_as_failed:
            tally.add("f")
    ready = track.expected_next if track.expected_at == track.index else ()
    following = ready[:TOP]
    if event.live and not ready:
        # Before the first call of a sub-agent nothing was asked for; what is known by then foretells it all the same.
        expectation = next_call.Expectation(track, contexts(track, event), project.tallies, shared.tallies)
        following = expectation.first(TOP)
    return Foretold(call.tool_use_id, expected, following, call.group, event.failed, call.group in ready)


def learn_next(track: Track, event: Event, call: Call, project: Knowledge, shared: Knowledge) -> None:
    """Counts which call came in the contexts that the session stood in."""
    stood = contexts(track, event)
    for known, keys in ((project, next_call.learnt_in(stood)), (shared, next_call.shared_in(stood))):
        for key in keys:
            tally = known.tally(key)
            tally.see()
            tally.add(call.group)


def close_windows(track: Track, failed: str, called: str, project: Knowledge) -> None:
    """Counts what comes within reach of the places before, and judges the one whose reach ends with this call.

    Each group counts once for a place, when it comes: sessions too short to fill a window teach like others.
    """
    seen: list[Window] = []
    for window in track.windows:
        came: list[str] = []
        if called not in window.called:
            window.called.add(called)
            came.append(failure_forecast.called(called))
        if failed and failed not in window.failed:
            window.failed.add(failed)
            came.append(failure_forecast.failing(failed))
        for key in window.contexts if came else ():
            tally = project.tally(key)
            for event in came:
                tally.add(event)
        if track.index - window.index < REACH:
            seen.append(window)
        elif window.live:
            project.curve.count(window, track.simulated)
    track.windows = seen
    if len(track.simulated) > len(track.groups) + 16:
        track.simulated = {group: said for group, said in track.simulated.items() if group in track.groups}


def count_group(event: Event, call: Call, project: Knowledge) -> None:
    """Counts the run of a group that has failed before, or fails now."""
    history = project.groups.get(call.group)
    if history is None:
        if not event.failed:
            return
        if len(project.groups) >= GROUPS_AT_MOST:
            project.drop_group()
        history = project.groups.setdefault(call.group, GroupHistory())
        project.dropped_groups.discard(call.group)
        before = project.tallies.get(f"xc|{call.group}")
        history.runs = max(0.0, before.total - 1) if before is not None else 0.0
    history.runs += 1
    project.changed_groups.add(call.group)
    if not event.failed:
        return
    history.failures += 1
    history.failed_at = project.calls
    history.signature = event.signature
    history.signature_session = event.place.session_id
    history.classes = {name: count * CLASS_DECAY for name, count in history.classes.items()}
    history.classes[event.failure_class] = history.classes.get(event.failure_class, 0.0) + 1.0
    if len(history.classes) > CLASSES_AT_MOST:
        del history.classes[min(history.classes, key=history.classes.__getitem__)]


def note_fix(examples: Sequence[Example], call: Call, project: Knowledge) -> None:
    """Keeps the newest fix of a group beside its history."""
    fixed = next((example for example in examples if example.failure_class), None)
    if fixed is not None:
        history = project.groups[call.group]
        history.fix = fixed.shown
        history.fix_session = fixed.session_id
        history.fix_target = fixed.called
        history.fix_words = tuple(word for word in fixed.words if word not in fixed.failed_words)[:FIX_WORDS_AT_MOST]


def told_at(event: Event, project: Knowledge) -> str:
    """The group that has just failed, where something of it is known to work: a remedy tells of it, no forecast."""
    history = project.groups.get(event.call.group) if event.call is not None and event.failed else None
    return event.call.group if event.call is not None and history is not None and history.works else ""


def open_window(track: Track, event: Event, project: Knowledge) -> None:
    """Remembers the place after a call with what is expected from there."""
    expected: Iterable[tuple[str, float]] = ()
    told = told_at(event, project)
    if event.live:
        found = failure_forecast.forecast(track, project.groups, project.tallies, project.calls)
        expected = [item for item in found if item[1] >= THRESHOLDS[0] and item[0] != told][:16]
    failed_by_then = tuple((group, track.groups[group].failed) for group, _ in expected if group in track.groups)
    window = Window(
        index=track.index - 1,
        contexts=failure_forecast.here(track),
        expected=tuple(expected),
        live=event.live,
        seconds=event.at.timestamp(),
        failed_by_then=failed_by_then,
        told=told,
    )
    for key in window.contexts:
        project.tally(key).see()
    track.windows.append(window)
