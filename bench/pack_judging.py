"""Labels against what was said: the rules of `bench/scenarios/README.md`. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from bench.pack_session import Heard, Piece, Session
from bench.packs import CALL, RETURN, AfterFailure, At, Label, Lesson, Pack, Place, TooNoisy
from gateway.perception.targets import call_key
from host.recordings.delivered import route_of
from host.recordings.measures.model import HORIZON, CallClass, Channel, Item
from host.recordings.measures.routes import LIVE, PACKETS
from host.recordings.measures.verdicts import followed, same, verdict
from host.recordings.measures.words import Rarity
from spark.router.v1 import router_pb2

READ_WITH_A_CALL = frozenset({Channel.BEFORE_CALL, Channel.FAILURE, Channel.REFUSAL})

Fits = Callable[[Item], bool]
"""Whether a piece of advice has a label's lesson."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a label."""

    label: Label
    met: bool
    moments: tuple[Heard, ...]
    """Those at which it could have been met."""
    told: tuple[Piece, ...]
    """The pieces by which it was."""
    withheld: tuple[tuple[Heard, Piece], ...]
    """Pieces with its lesson that were there and held back."""


@dataclass(frozen=True, slots=True)
class Share:
    """A count of a whole."""

    count: int
    of: int

    def __add__(self, other: Share) -> Share:
        return Share(self.count + other.count, self.of + other.of)

    @property
    def share(self) -> float | None:
        """Between 0 and 1; None of nothing."""
        return self.count / self.of if self.of else None


@dataclass(frozen=True, slots=True)
class Figures:
    """What a judged session showed; figures of several sessions add up."""

    labels: Share
    first_call: Share
    slowest_ms: float
    """The slowest hook of the first prompt and the first call."""
    specific: Share
    quiet: Share
    """Advice called too noisy that did not come again."""
    packets: Share
    """Applicable moments answered out of packets."""
    live: Share
    """Applicable moments answered by a model."""
    answered: Share
    """Moments with something said, or a reason why not."""
    noise: Share
    """Pieces that came to nothing, of the calls of the session."""

    def __add__(self, other: Figures) -> Figures:
        return Figures(
            labels=self.labels + other.labels,
            first_call=self.first_call + other.first_call,
            slowest_ms=max(self.slowest_ms, other.slowest_ms),
            specific=self.specific + other.specific,
            quiet=self.quiet + other.quiet,
            packets=self.packets + other.packets,
            live=self.live + other.live,
            answered=self.answered + other.answered,
            noise=self.noise + other.noise,
        )


@dataclass(frozen=True, slots=True)
class Judgement:
    """A written pack, judged."""

    pack: Pack
    verdicts: tuple[Verdict, ...]
    figures: Figures
    rejected: tuple[Piece, ...]
    """What was called too noisy."""
    again: tuple[Piece, ...]
    """What came again although it was."""
    in_vain: tuple[Piece, ...]
    """What came to nothing."""


def judged(pack: Pack, session: Session, noisy: Session, rejected: Sequence[str], rarity: Rarity) -> Judgement:
    """A pack by its session and by the run in which the advice `rejected` was called too noisy."""
    verdicts = tuple(judge(label, session, rarity) for label in pack.labels)
    applicable = applicable_moments(pack.labels, session)
    routes = [route_of(heard.decision) for heard in applicable]
    found = [bool(heard.pieces) and route in PACKETS for heard, route in zip(applicable, routes, strict=True)]
    complained = [piece for heard in noisy.heard for piece in heard.said if piece.advice_id in rejected]
    again = said_with(pack.too_noisy.lesson, noisy.after(Place(RETURN, pack.too_noisy.call)), noisy)
    first = [verdict for verdict in verdicts if verdict.label.call == pack.first_call]
    noise = in_vain(session.heard, session, verdicts, rarity)
    figures = Figures(
        labels=Share(sum(verdict.met for verdict in verdicts), len(verdicts)),
        first_call=Share(int(any(verdict.met for verdict in first)), 1),
        slowest_ms=max(heard.milliseconds for heard in session.until(Place(RETURN, pack.first_call))),
        specific=Share(int(more_specific(pack.after_failure, session)), 1),
        quiet=Share(int(bool(complained) and not again), 1),
        packets=Share(sum(found), len(applicable)),
        live=Share(routes.count(LIVE), len(applicable)),
        answered=Share(sum(is_answered(heard) for heard in session.heard), len(session.heard)),
        noise=Share(len(noise), len(session.calls)),
    )
    return Judgement(pack, verdicts, figures, tuple(complained), tuple(again), tuple(noise))


def judge(label: Label, session: Session, rarity: Rarity) -> Verdict:
    """A label by what was said where it could be met."""
    fits = meaning(label, session, rarity)
    call, back = Place(CALL, label.call), Place(RETURN, label.call)
    places = {At.AHEAD: {*label.window, call}, At.FAILURE: {call, back}, At.PROMPT: set(label.window)}[label.at]
    moments = tuple(heard for heard in session.heard if heard.place in places)
    told = tuple(
        piece
        for heard in moments
        for piece in heard.said
        # Ahead, what comes with the call itself is too late, unless it holds the call back.
        if (label.at is not At.AHEAD or heard.place != call or piece.item.channel is Channel.REFUSAL)
        and fits(piece.item)
    )
    withheld = tuple((heard, piece) for heard in moments for piece in heard.pieces if piece.held and fits(piece.item))
    return Verdict(label, bool(told), moments, told, withheld)


def meaning(label: Label, session: Session, rarity: Rarity) -> Fits:
    """Which pieces have a label's lesson: by what they say, or, of a table, by the failure that they name or mend."""
    lesson = label.lesson
    if not lesson.error_class:
        return lambda item: has(item, lesson, session)
    failing = session.calls[label.call]
    mended = [call for call in session.calls.values() if failing.index < call.index <= failing.index + HORIZON]
    return lambda item: (
        any(same(name, failing.perceived) for name in item.names)
        or any(followed(item.suggests, call, failing, rarity) for call in mended if call.worked)
    )


def has(item: Item, lesson: Lesson, session: Session) -> bool:
    """Whether a piece has the lesson of a written session's label: is about such calls, and says what it must."""
    return CallClass(lesson.tool, lesson.target_class) in about(item, session) and holds(item, lesson.says_any)


def about(item: Item, session: Session) -> set[CallClass]:
    """The classes of calls that a piece is about: those it names; a fact, which names none, is about what it suggests
    and about the call with which it is read."""
    if item.names:
        return {CallClass(name.tool, name.target_class) for name in item.names}
    found = {CallClass(each.tool, class_of(each.tool, each.target)) for each in item.suggests}
    if item.channel in READ_WITH_A_CALL and item.about is not None:
        found.add(list(session.calls.values())[item.about].perceived_class)
    return found


def class_of(tool: str, target: str) -> str:
    """The class of a target as it is suggested: a command or a path."""
    return call_key(tool, {"command": target, "file_path": target}).target_class


def holds(item: Item, fragments: Iterable[str]) -> bool:
    """Whether a piece says one of these."""
    text = item.text.lower()
    return any(fragment.lower() in text for fragment in fragments)


def said_with(lesson: Lesson, heard: Iterable[Heard], session: Session) -> list[Piece]:
    """The pieces said at these moments that have a lesson."""
    every = chain.from_iterable(moment.said for moment in heard)
    return [piece for piece in every if has(piece.item, lesson, session)]


def to_reject(noisy: TooNoisy, session: Session) -> list[Piece]:
    """The advice of a call that its user means: what came with the call, else what was said last ahead of it."""
    places = (Place(CALL, noisy.call), Place(RETURN, noisy.call))
    with_call = [heard for heard in session.heard if heard.place in places]
    return said_with(noisy.lesson, with_call, session) or said_with(noisy.lesson, session.heard, session)[-1:]


def more_specific(after: AfterFailure, session: Session) -> bool:
    """Whether the second call was told more than anything said up to the first one's failure held."""
    first, last = Place(RETURN, after.first), Place(RETURN, after.next)
    before = " ".join(piece.item.text.lower() for heard in session.until(first) for piece in heard.said)
    new = [fragment for fragment in after.specific_any if fragment.lower() not in before]
    between = session.until(last)[len(session.until(first)) :]
    return any(holds(piece.item, new) for piece in said_with(after.lesson, between, session))


def applicable_moments(labels: Iterable[Label], session: Session) -> list[Heard]:
    """The moments that have an applicable lesson: those of the windows, and the calls that fail or are refused."""
    places: set[Place] = set()
    for label in labels:
        places.update(label.window)
        if label.at is not At.PROMPT:
            places.add(Place(CALL, label.call))
        if label.at is At.FAILURE:
            places.add(Place(RETURN, label.call))
    return [heard for heard in session.heard if heard.place in places]


def is_answered(heard: Heard) -> bool:
    """Whether something was said, or there is a reason why not."""
    return bool(heard.decision.text) or heard.decision.silence != router_pb2.SILENCE_UNSPECIFIED


def in_vain(heard: Iterable[Heard], session: Session, verdicts: Iterable[Verdict], rarity: Rarity) -> list[Piece]:
    """The pieces said at these moments that came to nothing: they met no label, and within 5 calls no failure that they
    named occurred and nothing that they suggested was done."""
    meant = {piece.advice_id for found in verdicts for piece in found.told}
    calls = list(session.calls.values())
    every = chain.from_iterable(moment.said for moment in heard)
    return [
        piece for piece in every if piece.advice_id not in meant and not verdict(piece.item, calls, rarity).borne_out
    ]
