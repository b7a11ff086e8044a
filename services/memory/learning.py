"""One batch of events becomes changed session states and changed lessons. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from services.memory.episodes import Failed, Finding, Fixed, Refused, Resolved, Worked, follow
from services.memory.lessons import (
    on_fact,
    on_failed,
    on_fixed,
    on_refused,
    on_worked_since,
    settled,
    worth_announcing,
)
from services.memory.model import Event, Lesson, Place, SessionState
from services.memory.naming import fact_id, rejection_id

LessonKey = tuple[str, str]
"""Workspace and lesson."""

DigestKey = tuple[str, str, str]
"""Workspace, project and digest of a call."""


@dataclass(frozen=True)
class Followed:
    """What a batch teaches before any lesson is read."""

    states: Mapping[Place, SessionState]
    findings: Sequence[Finding]

    @property
    def lessons(self) -> set[LessonKey]:
        """The lessons that the findings are about."""
        return {(finding.place.workspace_id, lesson_id) for finding in self.findings if (lesson_id := about(finding))}

    @property
    def worked(self) -> set[DigestKey]:
        """The calls that worked."""
        return {
            (finding.place.workspace_id, finding.place.project_id, finding.call.digest)
            for finding in self.findings
            if isinstance(finding, Worked) and finding.call.digest
        }


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
    findings: Sequence[Finding], known: Mapping[LessonKey, Lesson], by_digest: Mapping[DigestKey, set[LessonKey]]
) -> Learnt:
    """Applies findings to lessons in their order.

    `known` holds every lesson that a finding is about or whose failing call worked; `by_digest` says which those are.
    """
    current = dict(known)
    digests = {key: set(lessons) for key, lessons in by_digest.items()}
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
                for value in changed.failed_digests:
                    digests.setdefault((workspace, project, value), set()).add(key)
        if isinstance(finding, Worked):
            for key in digests.get((workspace, project, finding.call.digest), ()):
                if key in current and key[1] not in finding.after_step:
                    current[key] = on_worked_since(current[key], finding.at)
                    touched[key] = None
    return announce({key: settled(current[key]) for key in touched}, known)


def announce(changed: Mapping[LessonKey, Lesson], known: Mapping[LessonKey, Lesson]) -> Learnt:
    """Counts revisions and marks what others should hear of; what did not change is left out."""
    learnt = Learnt()
    for key, lesson in changed.items():
        before = known.get(key)
        if before == lesson:
            continue
        tell = worth_announcing(before, lesson)
        learnt.changed[key] = replace(
            lesson,
            revision=lesson.revision + 1,
            announced=lesson.provenance.occurrences if tell else lesson.announced,
        )
        if tell:
            learnt.announced.add(key)
    return learnt


def applied(lesson: Lesson | None, finding: Finding) -> Lesson | None:
    """The lesson after a finding; None where there is nothing to change."""
    match finding:
        case Failed():
            return on_failed(lesson, finding)
        case Fixed():
            return on_fixed(lesson, finding) if lesson is not None else None
        case Resolved():
            return replace(lesson, resolved=lesson.resolved + 1) if lesson is not None else None
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
