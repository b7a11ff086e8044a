"""What a replay showed, in figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from host.recordings.failures import failure_in, lesson_of
from host.recordings.measures.latency import percentile
from host.recordings.replay import Played
from services.memory.model import Event
from spark.memory.v1 import lesson_pb2
from spark.router.v1 import router_pb2

FAILURE = "PostToolUseFailure"
OK = 200


@dataclass(frozen=True, slots=True)
class Noted:
    """What is kept of a moment: its payload may be large, and is not."""

    at: str
    session: str
    event: str
    tool: str
    subject: str
    route: str
    advice: str
    milliseconds: float
    status: int
    """Of HTTP."""
    decision: str
    """Id of the decision; empty at moments without one."""
    failure: Event | None = None
    """What failed, where that teaches something."""


@dataclass(frozen=True)
class Failures:
    """How failures were answered. Each of the first four counts is a part of the one before it."""

    all: int
    teaching: int
    """Without searches that found nothing, interruptions and the like."""
    seen_before: int
    """Those that belong to a lesson of which an earlier failure was seen."""
    fix_known: int
    """Those for which memory had a fix at that moment."""
    fix_told: int
    """Those at which it was told."""
    fix_told_ahead: int
    """Those of the others whose session had been told of it already."""


@dataclass(frozen=True)
class Score:
    """Figures of a replay; times in milliseconds, from the call of a hook to its reply."""

    moments: int
    sessions: int
    refused: int
    """Hooks that the gateway turned away, such as one with a time that can be none."""
    said: int
    said_by_event: dict[str, int]
    routes: dict[str, int]
    silences: dict[str, int]
    failures: Failures
    p50_ms: float
    p95_ms: float
    p99_ms: float
    slowest_ms: float


def note(played: Played) -> Noted:
    """What is kept of a moment."""
    return Noted(
        at=played.hook.occurred_at.isoformat(),
        session=played.session,
        event=played.event,
        tool=played.tool,
        subject=played.subject,
        route=played.route,
        advice=played.reply.advice,
        milliseconds=round(played.reply.milliseconds, 3),
        status=played.reply.status,
        decision=played.reply.headers.get("spark-decision", ""),
        failure=failure_in(played.hook) if played.event == FAILURE else None,
    )


def score(noted: Sequence[Noted], decisions: Mapping[str, router_pb2.AdviceDecided]) -> Score:
    """The figures; decisions that telemetry does not know have no reason of silence."""
    said = [item for item in noted if item.advice]
    times = sorted(item.milliseconds for item in noted)
    return Score(
        moments=len(noted),
        sessions=len({item.session for item in noted}),
        refused=sum(1 for item in noted if item.status != OK),
        said=len(said),
        said_by_event=counted(item.event for item in said),
        routes=counted(item.route for item in noted if item.decision),
        silences=counted(silence_of(item.decision) for item in decisions.values() if not item.decision.text),
        failures=failures(noted, decisions),
        p50_ms=percentile(times, 50),
        p95_ms=percentile(times, 95),
        p99_ms=percentile(times, 99),
        slowest_ms=percentile(times, 100),
    )


def failures(noted: Sequence[Noted], decisions: Mapping[str, router_pb2.AdviceDecided]) -> Failures:
    """How failures were answered."""
    seen: set[str] = set()
    told: set[tuple[str, str]] = set()
    counts: Counter[str] = Counter()
    for item in noted:
        counts["all"] += item.event == FAILURE
        counts["teaching"] += item.failure is not None
        decided = decisions.get(item.decision)
        if decided is None:
            continue
        said, held = decided.decision.said if decided.decision.text else (), decided.decision.held
        if item.failure is not None:
            lesson = lesson_of(item.failure, decided)
            if lesson in seen:
                counts["seen_before"] += 1
                counts["fix_known"] += fixes(lesson, [*said, *held])
                counts["fix_told"] += fixes(lesson, said)
                counts["fix_told_ahead"] += fixes(lesson, held) and (item.session, lesson) in told
            seen.add(lesson)
        told.update((item.session, piece.lesson_id) for piece in said)
    return Failures(**{field.name: counts[field.name] for field in fields(Failures)})


def fixes(lesson: str, pieces: Iterable[router_pb2.Advice]) -> bool:
    """Whether the fix of this very failure is among the pieces."""
    return any(piece.lesson_id == lesson and piece.kind == lesson_pb2.LESSON_KIND_FAILURE_FIX for piece in pieces)


def silence_of(decision: router_pb2.Decision) -> str:
    """The reason of a silence, in a word."""
    return router_pb2.Silence.Name(decision.silence).removeprefix("SILENCE_").lower()


def counted(names: Iterable[str]) -> dict[str, int]:
    """How often each name came, the most frequent first."""
    return dict(Counter(names).most_common())


def as_row(noted: Noted) -> dict[str, Any]:
    """A moment for programs."""
    row = asdict(noted)
    del row["failure"]
    return row
