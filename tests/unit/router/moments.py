"""Moments, and what packets and prefetch answer to them."""

from __future__ import annotations

from datetime import UTC, datetime

from spark.memory.v1 import lesson_pb2
from spark.moment.v1 import moment_pb2
from spark.packets.v1 import packets_pb2
from spark.router.v1 import router_pb2

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PROMPT, PROPOSED = moment_pb2.MOMENT_KIND_PROMPT_SUBMITTED, moment_pb2.MOMENT_KIND_CALL_PROPOSED
WORKED, FAILED = moment_pb2.MOMENT_KIND_CALL_SUCCEEDED, moment_pb2.MOMENT_KIND_CALL_FAILED
FAILS, WORKS = "tool --old x", "tool --new x"


def moment(kind: moment_pb2.MomentKind.ValueType, *, root: str = "") -> moment_pb2.Moment:
    made = moment_pb2.Moment(kind=kind)
    made.envelope.decision_id = "01K9ZQ4M2X0000000000000000"
    made.envelope.occurred_at.FromDatetime(NOW)
    made.project.root = root
    if kind != PROMPT:
        made.call.tool, made.call.tool_use_id = "Bash", "call-1"
        made.call.target, made.call.target_class = FAILS, "tool"
    if kind == FAILED:
        made.outcome.failure_class = "shell.command_not_found"
    return made


def candidate(
    packet_id: str = "lesson",
    *,
    kind: lesson_pb2.LessonKind.ValueType = lesson_pb2.LESSON_KIND_FAILURE_FIX,
    match: packets_pb2.Match.ValueType = packets_pb2.MATCH_EXACT,
    score: float = 10.0,
    confidence: float = 0.8,
    occurrences: int = 3,
) -> packets_pb2.Candidate:
    """A lesson's packet as a lookup finds it."""
    found = packets_pb2.Candidate(match=match, score=score)
    packet, lesson = found.packet, found.packet.lesson
    packet.packet_id, packet.text, packet.confidence = packet_id, f"text of {packet_id}", confidence
    packet.effectiveness_score = 0.5
    lesson.lesson_id, lesson.kind, lesson.tool = packet_id, kind, "Bash"
    lesson.target, lesson.target_class, lesson.failure_class = FAILS, "tool", "shell.bad_flag"
    lesson.provenance.session_ids.append("an-earlier-session")
    lesson.provenance.occurrences = occurrences
    if kind == lesson_pb2.LESSON_KIND_FAILURE_FIX:
        lesson.fix.kind, lesson.fix.worked = lesson_pb2.FIX_KIND_CHANGED_ARGUMENTS, WORKS
    return found


def made_ahead(
    packet_id: str, *, target_class: str = "tool", suggests: str = "", confidence: float = 0.5
) -> packets_pb2.Packet:
    """A packet that prefetch made."""
    packet = packets_pb2.Packet(packet_id=packet_id, text=f"text of {packet_id}", confidence=confidence)
    packet.effectiveness_score = 0.5
    packet.names.add(tool="Bash", target_class=target_class, failure_class="shell.bad_flag")
    if suggests:
        packet.suggests.append(router_pb2.Suggestion(tool="Bash", target=suggests))
    return packet


def prepared(*packets: packets_pb2.Packet, probability: float = 0.6) -> packets_pb2.Preparation:
    """The branch that came to pass, with its packets."""
    chances = [packets_pb2.Chance(packet=place, probability=probability) for place in range(len(packets))]
    return packets_pb2.Preparation(packets=packets, branches=[packets_pb2.Branch(chances=chances)])
