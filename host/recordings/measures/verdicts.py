"""What became of each piece of advice: which failures it warned of, and whether it was borne out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from chassis.quotation import bounded
from host.recordings.measures.model import HORIZON, Call, Channel, FailureKey, Item, Suggested, Wording, perceived
from host.recordings.measures.words import Rarity, words

SHOWN_CHARS = 40
"""Of a target that was cut to fit, as much as tells which call is meant (definition of the measures)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A piece of advice, judged by the calls that followed."""

    item: Item
    warned: tuple[int, ...]
    """Failing or refused calls that it named, by their order: all of the horizon, but not the one that it came with."""
    with_call: tuple[int, ...]
    """The failing call that it came with and named."""
    used: bool
    """What it suggests was done within the horizon."""

    @property
    def borne_out(self) -> bool:
        """Whether a failure or a refusal that it names occurred, or what it suggests was done."""
        return bool(self.warned or self.with_call or self.used)


def verdicts(
    items: Iterable[Item], sessions: Mapping[str, Sequence[Call]], rarity: Rarity, wording: Wording = perceived
) -> list[Verdict]:
    """Judges each piece by the next five calls of its session, sub-agents' included."""
    return [verdict(item, sessions.get(item.session, ()), rarity, wording) for item in items]


def verdict(item: Item, session: Sequence[Call], rarity: Rarity, wording: Wording = perceived) -> Verdict:
    """Judges one piece. A refusal stops its call before it fails, so the failure it names counts as warned of."""
    horizon = session[item.position : item.position + HORIZON]
    came_to_pass = [call for call in horizon if call.failed or call.refused]
    named = [call for call in came_to_pass if any(same(name, wording(call)) for name in item.names)]
    came_with = item.position if item.channel is Channel.BEFORE_CALL else None
    about = session[item.about] if item.about is not None and item.about < len(session) else None
    later = [call for call in horizon if call.index != item.about]
    said = said_in(item.text, item.suggests)
    return Verdict(
        item,
        warned=tuple(call.order for call in named if call.index != came_with),
        with_call=tuple(call.order for call in named if call.index == came_with),
        used=bool(said) and any(followed(said, call, about, rarity) for call in later),
    )


def said_in(text: str, suggests: Iterable[Suggested]) -> list[Suggested]:
    """What of the suggestions the agent could read: a piece may suggest more than its text has room for."""
    held = words(text)
    found: list[Suggested] = []
    for each in suggests:
        target = each.target if shows(text, each.target) else ""
        spoken = tuple(sorted(words(" ".join(each.words)) & held))
        if target or spoken:
            found.append(replace(each, target=target, words=spoken))
    return found


def shows(text: str, target: str) -> bool:
    """Whether a text shows a target, or of one that was cut its first 40 characters, in the form that advice gives it:
    on one line, without what could end its quotation. A short one must stand by itself: `ls` is not in `else`."""
    line = bounded(target, len(target)).replace("`", "'")
    if len(line) >= SHOWN_CHARS:
        return line[:SHOWN_CHARS] in text
    return bool(line) and re.search(rf"(?<!\w){re.escape(line)}(?!\w)", text) is not None


def same(name: FailureKey, failure: FailureKey) -> bool:
    """Whether a failure is one of those named."""
    return name[:2] == failure[:2] and name.failure_class in ("", failure.failure_class)


def followed(suggests: Iterable[Suggested], call: Call, about: Call | None, rarity: Rarity) -> bool:
    """Whether a call does what is suggested: works on the suggested target, or holds a suggested word that is rare
    for its class and was not in the call at which it was said. The same call once more follows nothing."""
    held: set[str] | None = None
    for suggested in suggests:
        if suggested.tool and suggested.tool != call.perceived.tool:
            continue
        again = about is not None and about.perceived.tool == call.perceived.tool and about.target == call.target
        if suggested.target and suggested.target == call.target and not again:
            return True
        if not suggested.words:
            continue
        if held is None:
            held = words(call.input) - (words(about.input) if about is not None else set())
        offered = words(" ".join(suggested.words))
        if any(rarity.rare(call.call_class, word) for word in offered & held):
            return True
    return False
