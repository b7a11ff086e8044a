"""A judged session as it was played: at each of its moments, what was said or held back, and how fast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench.packs import CALL, PROMPT, RETURN, Place
from host.recordings.delivered import delivered, piece, was_said
from host.recordings.judging import CHANNELS, Observer
from host.recordings.measures.model import Call, Channel, Item
from host.recordings.replay import Played
from host.recordings.score import silence_of
from host.recordings.transcripts import CAME_BACK
from spark.router.v1 import router_pb2


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of advice at a moment."""

    item: Item
    advice_id: str
    """Empty for one that was held back."""
    held: str = ""
    """Why it was held back; empty for one that was said."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A moment, and the decision at it."""

    place: Place
    decision: router_pb2.Decision
    pieces: tuple[Piece, ...]
    milliseconds: float

    @property
    def said(self) -> tuple[Piece, ...]:
        """The pieces that reached the agent."""
        return tuple(piece for piece in self.pieces if not piece.held)

    @property
    def silence(self) -> str:
        """Why nothing was said, in a word; empty where something was."""
        return "" if was_said(self.decision) else silence_of(self.decision)


@dataclass(frozen=True)
class Session:
    """A session from its beginning to its end, or to where it was cut."""

    heard: Sequence[Heard]
    """In the order of time."""
    calls: Mapping[str, Call]
    """By the client's id, in the order in which they were made."""

    def until(self, place: Place) -> Sequence[Heard]:
        """Everything up to a moment and with it; all where the moment never came."""
        found = next((number for number, heard in enumerate(self.heard) if heard.place == place), len(self.heard))
        return self.heard[: found + 1]

    def since(self, place: Place) -> Sequence[Heard]:
        """Everything from a moment on."""
        return self.heard[len(self.until(place)) - 1 :]

    def after(self, place: Place) -> Sequence[Heard]:
        """Everything behind a moment."""
        return self.heard[len(self.until(place)) :]


@dataclass(slots=True)
class _Noticed:
    place: Place
    channel: Channel
    position: int
    about: int | None
    decision: str
    milliseconds: float


@dataclass
class Listener:
    """Follows one session of a replay."""

    session: str
    noticed: list[_Noticed] = field(default_factory=list[_Noticed])
    order: dict[str, int] = field(default_factory=dict[str, int])
    """Places of its calls in the session, by their ids."""

    def see(self, played: Played) -> Place | None:
        """Takes in a hook; the moment that it is, where it is one of this session at which something can be said."""
        if played.session != self.session:
            return None
        place = place_of(played)
        if place is None:
            return None
        if place.kind == CALL:
            self.order.setdefault(place.id, len(self.order))
        about = self.order.get(place.id) if place.kind != PROMPT else None
        position = about if place.kind == CALL and about is not None else len(self.order)
        decision = played.reply.headers.get("spark-decision", "")
        milliseconds = played.reply.milliseconds
        self.noticed.append(_Noticed(place, CHANNELS[played.event], position, about, decision, milliseconds))
        return place

    def decisions(self) -> list[str]:
        """The ids of the decisions made so far."""
        return [noticed.decision for noticed in self.noticed if noticed.decision]

    def played(self, decisions: Mapping[str, router_pb2.AdviceDecided], observer: Observer) -> Session:
        """The session so far; a decision that was not recorded counts as a moment not answered."""
        own = [call for call in observer.judged(decisions).calls if call.session == self.session]
        calls = {name: own[place] for name, place in self.order.items()}
        return Session([self._heard(noticed, decisions) for noticed in self.noticed], calls)

    def _heard(self, noticed: _Noticed, decisions: Mapping[str, router_pb2.AdviceDecided]) -> Heard:
        decided = decisions.get(noticed.decision)
        decision = decided.decision if decided is not None else router_pb2.Decision()
        items = delivered(decision, self.session, noticed.position, noticed.channel, noticed.about)
        said = [Piece(item, advice.advice_id) for item, advice in zip(items, decision.said, strict=False)]
        held = [
            Piece(
                piece(advice, self.session, noticed.position, noticed.channel, noticed.about),
                advice_id="",
                held=router_pb2.Silence.Name(advice.silence).removeprefix("SILENCE_").lower(),
            )
            for advice in decision.held
        ]
        return Heard(noticed.place, decision, (*said, *held), noticed.milliseconds)


def place_of(played: Played) -> Place | None:
    """The moment that a hook is, as labels name it; None where labels know none such."""
    if played.event == "UserPromptSubmit":
        return Place(PROMPT, str(played.hook.payload.get("prompt_id", "")))
    if played.event == "PreToolUse":
        return Place(CALL, played.call_id)
    return Place(RETURN, played.call_id) if played.event in CAME_BACK else None
