"""The emission gate: what of the candidates is said, and why the rest is not. Pure.

Scores and thresholds are those of the original system (seed 000): .45 context + .25 confidence + .15, times 1.5 after a
failure and 1.3 for a warning; warning from .80, note from .48, whisper from .30.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from services.router.settings import Policy


class Reason(Enum):
    """Why a piece is held back."""

    COOLDOWN = "cooldown"
    SHOWN_RECENTLY = "shown_recently"
    SESSION_BUDGET = "session_budget"
    LOW_AUTHORITY = "low_authority"
    DUPLICATE = "duplicate"
    NO_ROOM = "no_room"


class Authority(Enum):
    """How strongly a piece is meant."""

    SILENT = "silent"
    WHISPER = "whisper"
    NOTE = "note"
    WARNING = "warning"


LABEL = "Spark, from earlier work in this project:\n"
"""What stands before advice, so that the agent knows whose words these are and that they are experience."""

WARNING_FROM = 0.80
NOTE_FROM = 0.48
WHISPER_FROM = 0.30
FITS_FROM = 0.1
"""Below it a piece shares no word of its own with the moment (`WORD` of an exact key's weight): chance, not a fit."""
AFTER_FAILURE = 1.5
NEGATIVE = 1.3

FAMILY_COOLDOWN = {"Read": 0.5, "Grep": 0.5, "Glob": 0.5, "Task": 0.6, "Agent": 0.6, "Bash": 0.7}
"""Factor on the cooldown by tool; reading is cheap to advise on, an edit (1.2) is not."""
EDITS = frozenset({"Edit", "Write", "MultiEdit", "NotebookEdit"})
EDIT_COOLDOWN = 1.2


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
    group: str = ""
    """Of pieces of one group only the best is said; empty belongs to none."""
    remedy: str = ""
    """The call that it recommends instead of another; empty where it is about something else."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the session was shown: when, by packet and kind of moment, and by tool."""

    emitted: int
    packets: dict[str, datetime]
    tools: dict[str, datetime]


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
    for piece in pieces:
        score = score_of(piece, occasion)
        authority = authority_of(score)
        reason = hindrance(piece, authority, occasion, seen, policy) or crowding(piece, said, policy)
        if reason is None:
            said.append(piece)
        judged.append(Judged(piece, score, authority, reason))
    return judged


def crowding(piece: Piece, said: Sequence[Piece], policy: Policy) -> Reason | None:
    """What the pieces already let through leave no place for. The first piece is cut to fit."""
    if any(piece.text == other.text or (piece.group and piece.group == other.group) for other in said):
        return Reason.DUPLICATE
    taken = sum(len(other.text) + 1 for other in said)
    if said and (len(said) >= policy.max_items or taken + len(piece.text) > policy.max_chars - len(LABEL)):
        return Reason.NO_ROOM
    return None


def hindrance(piece: Piece, authority: Authority, occasion: Occasion, seen: Seen, policy: Policy) -> Reason | None:
    """What stands against saying a piece now; None when nothing does."""
    if authority is Authority.SILENT or piece.context < FITS_FROM or followed(piece, occasion):
        return Reason.LOW_AUTHORITY
    if seen.emitted >= policy.session_budget:
        return Reason.SESSION_BUDGET
    if any(within(occasion.at, shown, policy.shown_ttl_s) for shown in sightings(piece, occasion, seen)):
        return Reason.SHOWN_RECENTLY
    # At the failure itself the fix is worth more than quiet: only the same piece is not said twice.
    if not occasion.failure and cooling(occasion, seen, policy):
        return Reason.COOLDOWN
    return None


def followed(piece: Piece, occasion: Occasion) -> bool:
    """Whether the call is the very one that a piece recommends: told in vain before it, refuted when it fails."""
    return bool(piece.remedy) and piece.remedy == occasion.target


def sightings(piece: Piece, occasion: Occasion, seen: Seen) -> list[datetime]:
    """When a piece was shown so that saying it now repeats it.

    What was said ahead is said once more at the failure, where it is needed most, unless it came with that very call:
    the client delivers both together.
    """
    phase = "failure" if occasion.failure else "ahead"
    keys = [f"{piece.packet_id}/{phase}"]
    if occasion.call:
        keys.append(f"{piece.packet_id}#{occasion.call}")
    return [seen.packets[key] for key in keys if key in seen.packets]


def cooling(occasion: Occasion, seen: Seen, policy: Policy) -> bool:
    """Whether something was said about this tool a moment ago."""
    last = seen.tools.get(occasion.tool or "prompt")
    factor = EDIT_COOLDOWN if occasion.tool in EDITS else FAMILY_COOLDOWN.get(occasion.tool, 1.0)
    return last is not None and within(occasion.at, last, policy.cooldown_s * factor)


def within(now: datetime, then: datetime, seconds: float) -> bool:
    """Whether `then` lies less than so many seconds before `now`; a clock that ran back counts as now."""
    return now - then < timedelta(seconds=seconds)


def score_of(piece: Piece, occasion: Occasion) -> float:
    """The weight of a piece at this moment, 0 to 1."""
    score = 0.45 * piece.context + 0.25 * piece.confidence + 0.15
    if piece.negative:
        score *= NEGATIVE
    if occasion.failure:
        score *= AFTER_FAILURE
    return min(1.0, score)


def authority_of(score: float) -> Authority:
    """How strongly a score may be meant."""
    if score >= WARNING_FROM:
        return Authority.WARNING
    if score >= NOTE_FROM:
        return Authority.NOTE
    return Authority.WHISPER if score >= WHISPER_FROM else Authority.SILENT
