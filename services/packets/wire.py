"""From the contract: calls that came back, and advice that was given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from chassis.call_words import call_words
from chassis.timestamps import to_datetime
from services.packets.outcomes import Call, End, Following, Named, Suggested
from spark.moment.v1 import moment_pb2
from spark.packets.v1 import standing_pb2
from spark.router.v1 import router_pb2

EDITS = frozenset({"Edit", "MultiEdit", "Write", "NotebookEdit"})

CHARS_TOLD, WORDS_TOLD = 2000, 60
"""As much of a call as suggestions are made of."""

MADE_AHEAD = frozenset({router_pb2.SOURCE_FORECAST, router_pb2.SOURCE_OUTCOME})

CAME_BACK = frozenset(
    {moment_pb2.MOMENT_KIND_CALL_SUCCEEDED, moment_pb2.MOMENT_KIND_CALL_FAILED, moment_pb2.MOMENT_KIND_CALL_REJECTED}
)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """An agent session; the parts in the order in which rows are locked."""

    workspace_id: str
    session_id: str
    agent_id: str
    project_id: str


@dataclass(frozen=True, slots=True)
class Given:
    """A piece of advice that was given."""

    place: Place
    advice_id: str
    packet_id: str
    tool: str
    text: str
    following: Following
    occasion: standing_pb2.Occasion.ValueType = standing_pb2.OCCASION_UNSPECIFIED
    source: router_pb2.Source.ValueType = router_pb2.SOURCE_UNSPECIFIED
    """Both unspecified where they were not kept."""
    seen_at: datetime | None = None
    """When Spark gave it, which for a recording is not when it happened; None where it is kept already."""

    @property
    def made_ahead(self) -> bool:
        """Whether prefetch made it, so that no lesson has a packet of it."""
        return self.source in MADE_AHEAD


def place_of(envelope: moment_pb2.Envelope) -> Place:
    """The agent session of an event."""
    return Place(envelope.workspace_id, envelope.session_id, envelope.agent_id, envelope.project_id)


def call_from(moment: moment_pb2.Moment) -> Call:
    """A call that came back."""
    call, at = moment.call, to_datetime(moment.envelope.occurred_at)
    # Recordings time a call by other clocks than the hooks around it.
    took = moment.outcome.duration_ms if moment.envelope.origin == moment_pb2.ORIGIN_LIVE else 0
    return Call(
        call_id=call.tool_use_id or moment.envelope.event_id,
        at=at,
        began=at - timedelta(milliseconds=took),
        tool=call.tool,
        target=call.target,
        target_class=call.target_class,
        program=call.program,
        directory=call.directory,
        end=end_of(moment),
        failure_class=moment.outcome.failure_class,
        told=call_words(f"{call.command[:CHARS_TOLD]} {call.replacement} {call.description}")[:WORDS_TOLD],
    )


def end_of(moment: moment_pb2.Moment) -> End:
    """How a call came back; a failure that is no mistake (an interruption, a search without a find) says nothing."""
    if moment.kind == moment_pb2.MOMENT_KIND_CALL_REJECTED:
        return End.REFUSED
    if moment.kind == moment_pb2.MOMENT_KIND_CALL_FAILED:
        return End.FAILED if moment.outcome.mistake else End.UNCLEAR
    return End.UNCLEAR if moment.call.inconclusive else End.WORKED


def given_in(decided: router_pb2.AdviceDecided) -> list[Given]:
    """The pieces of advice that a decision gave; none where it was withheld or there was nothing to say."""
    decision = decided.decision
    if not decision.text or decision.silence:
        return []
    place, at = place_of(decided.envelope), to_datetime(decided.envelope.occurred_at)
    return [
        Given(
            place,
            advice.advice_id,
            advice.packet_id,
            decided.tool or "prompt",
            advice.text,
            following_from(decided, advice, at),
            occasion_of(decided.kind),
            advice.source,
            to_datetime(decided.envelope.observed_at),
        )
        for advice in decision.said
        if advice.advice_id
    ]


def occasion_of(kind: moment_pb2.MomentKind.ValueType) -> standing_pb2.Occasion.ValueType:
    """When something is said, as it is counted."""
    match kind:
        case moment_pb2.MOMENT_KIND_PROMPT_SUBMITTED | moment_pb2.MOMENT_KIND_SESSION_STARTED:
            return standing_pb2.OCCASION_PROMPT
        case moment_pb2.MOMENT_KIND_CALL_FAILED:
            return standing_pb2.OCCASION_FAILURE
        case moment_pb2.MOMENT_KIND_CALL_PROPOSED:
            return standing_pb2.OCCASION_BEFORE_CALL
        case _:
            return standing_pb2.OCCASION_RESULT


def following_from(decided: router_pb2.AdviceDecided, advice: router_pb2.Advice, at: datetime) -> Following:
    """Advice at its beginning: given before a call it is for that call, given after one the call is over."""
    ahead = decided.kind == moment_pb2.MOMENT_KIND_CALL_PROPOSED
    call_id = decided.tool_use_id
    return Following(
        given_at=at,
        given_for=call_id if ahead else "",
        names=tuple(Named(each.tool, each.target_class, each.failure_class) for each in advice.names),
        suggests=tuple(Suggested(each.tool, each.target, frozenset(each.words)) for each in advice.suggests),
        # What came back without a client's id is known by its event.
        seen=() if ahead else tuple({call_id, decided.envelope.event_id} - {""}),
    )


def edited_file(moment: moment_pb2.Moment) -> str:
    """The file that a call has edited; empty where it has edited none."""
    worked = moment.kind == moment_pb2.MOMENT_KIND_CALL_SUCCEEDED and not moment.call.inconclusive
    return moment.call.target if worked and moment.call.tool in EDITS else ""
