"""One batch of events becomes changed session states and changed lessons. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from services.memory.doubts import weighed
from services.memory.episodes import Failed, Finding, Fixed, Refused, Resolved, Worked, follow
from services.memory.lessons import on_fact, on_failed, on_fixed, on_refused, settled, worth_announcing
from services.memory.model import Event, Lesson, Place, Purpose, SessionState
from services.memory.naming import fact_id, keys_of, keys_of_fix, keys_when_worked, rejection_id

LessonKey = tuple[str, str]
"""Workspace and lesson."""

CallKey = tuple[str, str, str]
"""Workspace, project and a key of a call (`naming.keys_of`)."""


@dataclass(frozen=True)
class Followed:
    """What a batch teaches before any lesson is read."""

    states: Mapping[Place, SessionState]
    findings: Sequence[Finding]

    @property
    def lessons(self) -> set[LessonKey]:
        """The lessons that the findings are about, and the facts that they may speak against."""
        named = {(finding.place.workspace_id, about(finding)) for finding in self.findings}
        facts = {(finding.place.workspace_id, denied_fact(finding)) for finding in self.findings}
        return {key for key in named | facts if key[1]}

    @property
    def keys(self) -> set[CallKey]:
        """Where the lessons are that the calls of this batch may speak for or against."""
        return {key for finding in self.findings for key in sought_by(finding)}


@dataclass
class Learnt:
    """The lessons after a batch."""

    changed: dict[LessonKey, Lesson] = field(default_factory=dict[LessonKey, Lesson])
    announced: set[LessonKey] = field(default_factory=set[LessonKey])


def follow_all(states: Mapping[Place, SessionState], events: Sequence[Event]) -> Followed:
    """Follows each session through the batch, in the order of the batch."""
    current = dict(states)
    findings: list[Finding] = []
    for event in events:
        state, found = follow(current.get(event.place, SessionState()), event)
        current[event.place] = state
        findings.extend(found)
    return Followed(current, findings)


def learn(
    findings: Sequence[Finding],
    known: Mapping[LessonKey, Lesson],
    by_key: Mapping[CallKey, set[LessonKey]],
    now: datetime,
) -> Learnt:
    """Applies findings to lessons in their order.

    `known` holds every lesson that a finding is about or may speak against; `by_key` says where those are found.
    """
    current = dict(known)
    index = {key: set(lessons) for key, lessons in by_key.items()}
    touched: dict[LessonKey, None] = {}
    for finding in findings:
        workspace, project = finding.place.workspace_id, finding.place.project_id
        lesson_id = about(finding)
        if lesson_id:
            key = (workspace, lesson_id)
            changed = applied(current.get(key), finding)
            if changed is not None:
                current[key] = changed
                touched[key] = None
                for value in keys_of(changed):
                    index.setdefault((workspace, project, value), set()).add(key)
        if isinstance(finding, Worked | Failed):
            found = {key for sought in sought_by(finding) for key in index.get(sought, ())}
            for key in sorted(found | {(workspace, denied_fact(finding))}):
                if key in current:
                    current[key] = weighed(current[key], finding)
                    touched[key] = None
    return announce({key: settled(current[key]) for key in touched}, known, now)


def announce(changed: Mapping[LessonKey, Lesson], known: Mapping[LessonKey, Lesson], now: datetime) -> Learnt:
    """Gives revisions and marks what others should hear of; what did not change is left out."""
    learnt = Learnt()
    for key, lesson in changed.items():
        before = known.get(key)
        if before == lesson:
            continue
        if worth_announcing(before, lesson):
            learnt.changed[key] = told_now(lesson, now)
            learnt.announced.add(key)
        else:
            learnt.changed[key] = replace(lesson, revision=revision_after(lesson, now))
    return learnt


def told_now(lesson: Lesson, now: datetime) -> Lesson:
    """The next revision of a lesson, as it is announced."""
    seen = lesson.provenance
    revision = revision_after(lesson, now)
    return replace(lesson, revision=revision, announced=seen.occurrences, announced_at=seen.last_seen)


def revision_after(lesson: Lesson, now: datetime) -> int:
    """The next revision: microseconds of now, so that a lesson forgotten and learnt anew never repeats one."""
    return max(lesson.revision + 1, int(now.timestamp() * 1e6))


def applied(lesson: Lesson | None, finding: Finding) -> Lesson | None:
    """The lesson after a finding; None where there is nothing to change."""
    match finding:
        case Failed():
            return on_failed(lesson, finding)
        case Fixed():
            return on_fixed(lesson, finding) if lesson is not None else None
        case Resolved():
            return replace(lesson, in_a_row=0) if lesson is not None else None
        case Refused():
            return on_refused(lesson, finding)
        case Worked():
            return on_fact(lesson, finding) if finding.fact else None


def about(finding: Finding) -> str:
    """Identity of the lesson that a finding is about; empty when it is about none."""
    match finding:
        case Failed() | Fixed() | Resolved():
            return finding.lesson_id
        case Refused():
            return rejection_id(finding.place, finding.call, finding.reason)
        case Worked():
            return fact_id(finding.place, finding.call) if finding.fact else ""


def denied_fact(finding: Finding) -> str:
    """Identity of the fact that a failure speaks against; empty when there can be none."""
    if isinstance(finding, Failed) and finding.call.purpose is not Purpose.NONE:
        return fact_id(finding.place, finding.call)
    return ""


def sought_by(finding: Finding) -> set[CallKey]:
    """Where the lessons are that a call may speak for or against, beside its own."""
    match finding:
        case Worked():
            keys = keys_when_worked(finding.call)
        case Failed():
            keys = keys_of_fix(finding.call)
        case Fixed() | Resolved() | Refused():
            keys = set[str]()
    return {(finding.place.workspace_id, finding.place.project_id, key) for key in keys}
