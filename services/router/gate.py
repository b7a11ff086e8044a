"""The emission gate: what of the candidates is said, and why the rest is not. Pure.

Scores and thresholds are those of the original system (seed 000): .45 context + .25 confidence + .15, times 1.5 after a
failure and 1.3 for a warning; block from .95, warning from .80, note from .48, whisper from .30. What came of a piece
before moves its score by half as much again in either direction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from services.router.settings import Policy
from spark.moment.v1 import moment_pb2
from spark.router.v1 import router_pb2


class Reason(Enum):
    """Why a piece is held back."""

    COOLDOWN = "cooldown"
    SHOWN_RECENTLY = "shown_recently"
    SESSION_BUDGET = "session_budget"
    LOW_AUTHORITY = "low_authority"
    DUPLICATE = "duplicate"
    NO_ROOM = "no_room"
    TOO_NOISY = "too_noisy"
    NO_LONGER_TRUE = "no_longer_true"
    NOISE_BUDGET = "noise_budget"


class Authority(Enum):
    """How strongly a piece is meant."""

    SILENT = "silent"
    WHISPER = "whisper"
    NOTE = "note"
    WARNING = "warning"
    BLOCK = "block"


class Source(Enum):
    """Where a piece comes from."""

    LESSON = router_pb2.SOURCE_LESSON
    OUTCOME = router_pb2.SOURCE_OUTCOME
    PREFERENCE = router_pb2.SOURCE_PREFERENCE
    PROJECT_FACT = router_pb2.SOURCE_PROJECT_FACT
    FORECAST = router_pb2.SOURCE_FORECAST
    THREAD = router_pb2.SOURCE_THREAD
    BASELINE = router_pb2.SOURCE_BASELINE
    CONVERSATION = router_pb2.SOURCE_CONVERSATION


LABEL = "Spark, from earlier work in this project:\n"
"""What stands before advice, so that the agent knows whose words these are and that they are experience."""
SAID_LABEL = "Spark, from a conversation with the user:\n"
"""The same before what was said in a conversation, which belongs to no project."""
MIXED_LABEL = "Spark, from earlier work in this project and a conversation with the user:\n"

BLOCK_FROM = 0.95
WARNING_FROM = 0.80
NOTE_FROM = 0.48
WHISPER_FROM = 0.30
FITS_FROM = 0.1
"""Below it a piece shares no word of its own with the moment (`WORD` of an exact key's weight): chance, not a fit."""
AFTER_FAILURE = 1.5
NEGATIVE = 1.3
UNPROVEN = 0.5
"""Effectiveness of a piece of which nothing is known: it moves no score."""

FAMILY_COOLDOWN = {"Read": 0.5, "Grep": 0.5, "Glob": 0.5, "Task": 0.6, "Agent": 0.6, "Bash": 0.7}
"""Factor on the cooldown by tool; reading is cheap to advise on, an edit (1.2) is not."""
EDITS = frozenset({"Edit", "Write", "MultiEdit", "NotebookEdit"})
EDIT_COOLDOWN = 1.2

MADE_AHEAD = frozenset({Source.FORECAST, Source.OUTCOME})
TRIMMED_FROM = 120
"""Characters that must be left for the words of a remedy: fewer say nothing."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """The moment as the gate sees it."""

    tool: str
    call: str
    """Id of the call; empty on a prompt."""
    at: datetime
    failure: bool
    target: str = ""
    """What the call works on."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A candidate as the gate sees it."""

    packet_id: str
    text: str
    context: float
    """How well it fits, 0 to 1."""
    confidence: float
    negative: bool
    """Whether it speaks of something that failed or was refused."""
    source: Source = Source.LESSON
    exact: bool = False
    """Whether it is about this very call or failure."""
    certain: bool = False
    """Whether it is sure enough to stop a call."""
    effectiveness: float = UNPROVEN
    """What came of it before, 0 to 1."""
    probability: float = 0.0
    """How likely what it names comes within the next five calls; 0 where that is not estimated."""
    group: str = ""
    """Of pieces of one group only the best is said; empty belongs to none."""
    asked_for: bool = False
    """Whether a prompt asks for just what it says how to do."""
    remedy: str = ""
    """The call that it recommends instead of another; empty where it is about something else."""
    names: frozenset[str] = frozenset()
    """The failures that it names, as tool and class of target."""
    named: tuple[moment_pb2.FailureKey, ...] = ()
    suggests: tuple[router_pb2.Suggestion, ...] = ()
    news_at: datetime | None = None
    """When something happened in this session that it tells and that was not told before."""
    unlikely: bool = False
    """Whether it is too likely to be noise for the share of noise that is allowed."""
    untrue: bool = False
    """Whether it can be seen that it is no longer so."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the session was shown: when, by packet and kind of moment, and by tool."""

    emitted: int
    packets: dict[str, datetime]
    tools: dict[str, datetime]
    unwanted: frozenset[str] = frozenset()
    """What did harm here or was called too noisy: packets by id, tools as "tool NAME", failures as "failure KEY"."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A piece with the gate's word on it."""

    piece: Piece
    score: float
    authority: Authority
    reason: Reason | None


def judge(pieces: Sequence[Piece], occasion: Occasion, seen: Seen, policy: Policy) -> list[Judged]:
    """The gate's word on each piece, in the order given; at most `max_items` are let through."""
    judged: list[Judged] = []
    said: list[Piece] = []
    heard = [piece for piece in pieces if came_with_the_call(piece, occasion, seen)]
    for piece in pieces:
        score = score_of(piece, occasion)
        authority = authority_of(score, certain=piece.certain)
        reason = hindrance(piece, authority, occasion, seen, policy) or crowding(piece, said, heard, policy)
        if reason is None:
            said.append(piece)
        elif reason is Reason.SHOWN_RECENTLY and just_said(piece, occasion, seen, policy):
            heard.append(piece)
        judged.append(Judged(piece, score, authority, reason))
    return judged


def just_said(piece: Piece, occasion: Occasion, seen: Seen, policy: Policy) -> bool:
    """Whether a piece was said so lately that other words for it would still be the same advice twice."""
    return any(within(occasion.at, at, policy.cooldown_s) for at in sightings(piece, occasion, seen))


def crowding(piece: Piece, said: Sequence[Piece], heard: Sequence[Piece], policy: Policy) -> Reason | None:
    """What the pieces already let through, or heard with this very call, leave no place for.

    The first piece is cut to fit.
    """
    if any(repeats(piece, other) for other in (*said, *heard) if other is not piece):
        return Reason.DUPLICATE
    if said and len(said) >= policy.max_items:
        return Reason.NO_ROOM
    needed = min(len(piece.text), TRIMMED_FROM) if piece.source is Source.OUTCOME else len(piece.text)
    return Reason.NO_ROOM if said and needed > room_left(piece, said, policy) else None


def room_left(piece: Piece, said: Sequence[Piece], policy: Policy) -> int:
    """Characters that are left for a piece beside what is said already."""
    label = label_of(other.source for other in (*said, piece))
    return policy.max_chars - len(label) - sum(len(other.text) + 1 for other in said)


def label_of(sources: Iterable[Source]) -> str:
    """What stands before pieces from these sources."""
    kinds = {source is Source.CONVERSATION for source in sources}
    if kinds == {True, False}:
        return MIXED_LABEL
    return SAID_LABEL if True in kinds else LABEL


def repeats(piece: Piece, other: Piece) -> bool:
    """Whether a piece says what another one says: the same words, the same fact, the same change after such a failure,
    or a forecast of what is named."""
    if piece.text == other.text or (piece.group and piece.group == other.group):
        return True
    if brings(piece, other.remedy) or brings(other, piece.remedy):
        return True
    if piece.source is other.source is Source.LESSON and piece.named == other.named and change(piece) == change(other):
        return bool(piece.named and change(piece))
    return piece.source is Source.FORECAST and bool(piece.names) and piece.names <= other.names


def change(piece: Piece) -> set[str]:
    """What a lesson would have done otherwise: the words that the failed call lacked, or the step before it."""
    return {word for each in piece.suggests for word in each.words or [each.target]}


def brings(piece: Piece, remedy: str) -> bool:
    """Whether a piece is about outcomes and suggests the very call that another one recommends."""
    return piece.source is Source.OUTCOME and bool(remedy) and any(each.target == remedy for each in piece.suggests)


def hindrance(piece: Piece, authority: Authority, occasion: Occasion, seen: Seen, policy: Policy) -> Reason | None:
    """What stands against saying a piece now; None when nothing does."""
    if piece.untrue:
        return Reason.NO_LONGER_TRUE
    if authority is Authority.SILENT or piece.context < FITS_FROM or followed(piece, occasion):
        return Reason.LOW_AUTHORITY
    if unwanted(piece, occasion, seen):
        return Reason.TOO_NOISY
    if piece.unlikely:
        return Reason.NOISE_BUDGET
    if seen.emitted >= policy.session_budget:
        return Reason.SESSION_BUDGET
    if shown_lately(piece, occasion, seen, policy):
        return Reason.SHOWN_RECENTLY
    # At the failure itself the fix is worth more than quiet: only the same piece is not said twice.
    if not occasion.failure and cooling(occasion, seen, policy):
        return Reason.COOLDOWN
    return None


def shown_lately(piece: Piece, occasion: Occasion, seen: Seen, policy: Policy) -> bool:
    """Whether the session was shown a piece so lately that saying it now repeats it.

    What was made ahead says something new once what it names has happened since, and is short-lived besides. What a
    prompt brings to mind by its words is said once in a session: the user's words come back, the agent remembers.
    """
    made_ahead = piece.source in MADE_AHEAD
    if not occasion.tool and not made_ahead:
        return bool(sightings(piece, occasion, seen))
    lately = [at for at in sightings(piece, occasion, seen) if not (piece.news_at and at < piece.news_at)]
    return any(within(occasion.at, at, policy.forecast_ttl_s if made_ahead else policy.shown_ttl_s) for at in lately)


def subject(occasion: Occasion) -> str:
    """What is spoken of: the tool, or "prompt" where there is none."""
    return occasion.tool or "prompt"


def unwanted(piece: Piece, occasion: Occasion, seen: Seen) -> bool:
    """Whether a piece was called too noisy here, or another one that names the same failures, or its tool was."""
    names = {f"failure {name.tool}|{name.target_class}|{name.failure_class}" for name in piece.named}
    asked = {piece.packet_id, f"tool {subject(occasion)}"}
    return bool(asked & seen.unwanted) or (bool(names) and names <= seen.unwanted)


def followed(piece: Piece, occasion: Occasion) -> bool:
    """Whether the call is the very one that a piece recommends: told in vain before it, refuted when it fails."""
    return bool(piece.remedy) and piece.remedy == occasion.target


def sightings(piece: Piece, occasion: Occasion, seen: Seen) -> list[datetime]:
    """When a piece was shown so that saying it now repeats it.

    What was said ahead is said once more at the failure, where it is needed most, unless it came with that very call:
    the client delivers both together.
    """
    phase = "failure" if occasion.failure else "ahead"
    keys = (f"{piece.packet_id}/{phase}", with_the_call(piece, occasion))
    return [seen.packets[key] for key in keys if key in seen.packets]


def came_with_the_call(piece: Piece, occasion: Occasion, seen: Seen) -> bool:
    """Whether a piece was said before the call that has come back by now: the client delivers both together."""
    return with_the_call(piece, occasion) in seen.packets


def with_the_call(piece: Piece, occasion: Occasion) -> str:
    """Under which key it is remembered that a piece came with the call; empty where the call has no id."""
    return f"{piece.packet_id}#{occasion.call}" if occasion.call else ""


def cooling(occasion: Occasion, seen: Seen, policy: Policy) -> bool:
    """Whether something was said about this tool a moment ago."""
    last = seen.tools.get(subject(occasion))
    factor = EDIT_COOLDOWN if occasion.tool in EDITS else FAMILY_COOLDOWN.get(occasion.tool, 1.0)
    return last is not None and within(occasion.at, last, policy.cooldown_s * factor)


def may_refuse(judged: Judged, seen: Seen, policy: Policy) -> bool:
    """Whether a call is to be stopped for a piece: where the user allows it, and once in a session for each piece."""
    once = f"{judged.piece.packet_id}/refused" not in seen.packets
    return policy.refuse and judged.authority is Authority.BLOCK and once


def within(now: datetime, then: datetime, seconds: float) -> bool:
    """Whether `then` lies less than so many seconds before `now`; a clock that ran back counts as now."""
    return now - then < timedelta(seconds=seconds)


def score_of(piece: Piece, occasion: Occasion) -> float:
    """The weight of a piece at this moment, 0 to 1."""
    score = (0.45 * piece.context + 0.25 * piece.confidence + 0.15) * (UNPROVEN + piece.effectiveness)
    if piece.negative:
        score *= NEGATIVE
    if occasion.failure:
        score *= AFTER_FAILURE
    return min(1.0, score)


def authority_of(score: float, *, certain: bool) -> Authority:
    """How strongly a score may be meant; a call is stopped only for what is certain."""
    if score >= BLOCK_FROM and certain:
        return Authority.BLOCK
    if score >= WARNING_FROM:
        return Authority.WARNING
    if score >= NOTE_FROM:
        return Authority.NOTE
    return Authority.WHISPER if score >= WHISPER_FROM else Authority.SILENT
