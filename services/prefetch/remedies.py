"""What to say at a failure: which call worked after failures like this one, and what such calls hold. Pure.

Nothing that a tool printed is repeated as advice but the names of tests that failed, in quotation marks. The rest are
the agent's own calls of before, nearest first: by the words that they share with the failed one, rare words counting
more.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import log

from chassis.call_words import usable
from chassis.quotation import bounded, clipped, code, quote
from services.prefetch.examples import SHOWN_CHARS as KEPT_CHARS
from services.prefetch.examples import Example, described, words_of
from services.prefetch.model import EDITS, Call, Event
from services.prefetch.wording import spoken

TEXT_CHARS = 456
"""Room of one piece of advice beside its label (500 characters in all, seed 000)."""
SHOWN_CHARS = 110
DESCRIPTION_CHARS = 50
TRIED_CHARS = 60
WAYS_NAMED = 3
"""Other ways of failing that are told with the one that has just happened."""
SIGNATURE_CHARS = 60
LIST = " Words of calls that worked: `{}`."

FIXES_WEIGHED = 6
WORKED_WEIGHED = 8
OWN_WEIGHED = 6
COMMON = 0.02
"""A word in more calls of the group than this tells an agent less (the issue's own bound for a rare token)."""
KNOWN_BY_ALL = 0.1
"""A word in more calls than this is no sign that what was suggested was done."""
SAME_SESSION = 0.15
"""What having happened in this very session adds to a likeness between 0 and 1."""
SAME_CLASS = 0.3
"""What having fixed the same class of failure adds."""

SMALL = """
the and for with from that this are was were not but all any has had have into its now see new use using run runs check
after before then than they their there when what which who how can could should would will just only also our out over
each some such one two more most very been being did does done get got let make made
"""
SMALL_WORDS = frozenset(SMALL.split())
"""English that holds sentences together; in a list of words it says nothing."""

FAILED_TESTS = re.compile(
    r"--- FAIL: ([\w./:-]+)|^FAILED ([\w./:\[\]-]+)|^[ \t]*[✕×✗] ([^\n(]{3,60})|undefined: ([\w.]+)"
    r"|[Dd]id you mean:? ['\"`]?([\w./:-]+)|No module named '([\w.]+)'",
    re.MULTILINE,
)
NAMES_AT_MOST = 4
NAME_CHARS = 56
NAME = re.compile(r"[\w./:\[\] -]{3,60}")


@dataclass(frozen=True, slots=True)
class Remedy:
    """What is known at a failure."""

    text: str
    target: str
    """The call that worked, where one stands out."""
    words: tuple[str, ...]
    """Words of what worked that the failed call had not and that tell calls of the group apart."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """Examples in the order in which they are worth telling."""

    fixes: Sequence[Example]
    worked: Sequence[Example]
    own: Sequence[Example]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the group of calls that a failed one belongs to."""

    examples: Sequence[Example]
    """Calls that worked, oldest first."""
    tried: Sequence[str] = ()
    """Calls that failed lately in the same session, newest last."""
    lately: Sequence[Sequence[str]] = ()
    """Words of the calls of the same session that worked last, newest last."""
    ways: Sequence[str] = ()
    """Classes of failure of the group in this project, commonest first."""


def remedy_for(event: Event, call: Call, known: Known) -> Remedy | None:
    """The remedy for a failed call; None where no call of the like is known to have worked."""
    examples = known.examples
    if not examples:
        return None
    frequency = Counter(chain.from_iterable(set(example.words) for example in examples))
    failed = {*words_of(call), *described(call)}
    weighed = weigh(event, call, failed, examples, frequency)
    if not weighed.fixes and not weighed.worked:
        return None
    named = names_in(event.error)
    shown = weighed.fixes[0] if weighed.fixes else None
    start = opening(event, call, shown, known)
    weights = weights_of(weighed, known.lately, named)
    for word in weights:
        weights[word] *= telling(frequency[word], len(examples))
    words = chosen_words(weights, failed, start, TEXT_CHARS - len(start) - len(LIST))
    if shown is None and not words:
        return None
    text = f"{start}{LIST.format(', '.join(words))}" if words else start
    added = (word for word in (shown.words if shown else ()) if word not in failed)
    signs = (word for word in words if word not in named and frequency[word] <= KNOWN_BY_ALL * len(examples))
    suggested = dict.fromkeys((*added, *signs))
    return Remedy(clipped(text, TEXT_CHARS), shown.called if shown else "", tuple(suggested)[:64])


def opening(event: Event, call: Call, fix: Example | None, known: Known) -> str:
    """The first sentences: what failed, in which other ways it fails, what was tried, and what worked after it."""
    why = spoken(event.failure_class)
    said = f" {quote(event.signature, SIGNATURE_CHARS)}" if event.signature else ""
    name = code(call.group.partition("|")[2] if call.is_shell else call.tool, 40)
    text = f"{name} failed ({why}{said})."
    others = [spoken(way) for way in known.ways if way != event.failure_class][:WAYS_NAMED]
    if others:
        text += f" Here it fails also by: {', '.join(others)}."
    if known.tried:
        text += f" In this session {code(known.tried[-1], TRIED_CHARS)} failed too."
    if fix is None:
        return text
    purpose = f" ({quote(fix.description, DESCRIPTION_CHARS)})" if fix.description else ""
    where = ", in this session" if fix.session_id == event.place.session_id else ""
    what = (
        "An edit that worked after such a failure put in" if call.tool in EDITS else "What worked after such a failure"
    )
    return f"{text} {what}{where}: {code(around(fix, call), SHOWN_CHARS)}{purpose}."


def around(fix: Example, call: Call) -> str:
    """The part of a long call in which it differs from the failed one."""
    if len(fix.shown) <= SHOWN_CHARS:
        return fix.shown
    failed = call.shown
    same = next((n for n, pair in enumerate(zip(fix.shown, failed, strict=False)) if pair[0] != pair[1]), 0)
    start = max(0, min(same - 15, len(fix.shown) - SHOWN_CHARS))
    return f"…{fix.shown[start + 1 :]}" if start else fix.shown


def weigh(event: Event, call: Call, failed: set[str], examples: Sequence[Example], frequency: Counter[str]) -> Weighed:
    """The examples worth telling, nearest first; `examples` come oldest first, `failed` are the words of the call."""
    session_id = event.place.session_id
    rarity = {word: log((len(examples) + 2) / (1 + count)) for word, count in frequency.items()}
    whole = sum(rarity.get(word, 1.0) for word in failed)

    def likeness(words: Sequence[str]) -> float:
        shared = failed.intersection(words)
        if not shared:
            return 0.0
        both = sum(rarity.get(word, 1.0) for word in shared)
        return both / (whole + sum(rarity.get(word, 1.0) for word in set(words)) - both)

    def near(example: Example) -> float:
        same_class = SAME_CLASS if example.failure_class == event.failure_class else 0.0
        same_session = SAME_SESSION if example.session_id == session_id else 0.0
        return likeness(example.failed_words) + same_class + same_session

    # What the agent said that a call is for may differ where the command is the same. Other tools show no more than
    # their target, which may be the same for any two calls.
    again = call.shown[:KEPT_CHARS] if call.is_shell else None
    others = [item for item in examples if item.shown != again and set(item.words) != failed]
    fixes = sorted((item for item in others if item.failure_class), key=near, reverse=True)
    plain = [item for item in others if not item.failure_class]
    worked = sorted(plain, key=lambda item: likeness(item.words), reverse=True)
    own = [item for item in reversed(plain) if item.session_id == session_id]
    return Weighed(fixes[:FIXES_WEIGHED], worked[:WORKED_WEIGHED], own[:OWN_WEIGHED])


def weights_of(weighed: Weighed, lately: Sequence[Sequence[str]], named: Sequence[str]) -> dict[str, float]:
    """How much speaks for each word: what fixed the like, what works and what the session does most of all."""
    groups: tuple[tuple[float, float, Sequence[Sequence[str]]], ...] = (
        (1.0, 0.8, [example.words for example in weighed.fixes]),
        (0.6, 0.85, [example.words for example in weighed.worked]),
        (0.9, 0.8, [example.words for example in weighed.own]),
        (0.8, 0.9, list(reversed(lately))),
        (0.6, 1.0, [named]),
    )
    weights: dict[str, float] = {}
    for start, fading, calls in groups:
        for number, words in enumerate(calls):
            for word in words:
                weights[word] = weights.get(word, 0.0) + start * fading**number
    return weights


def telling(calls: int, examples: int) -> float:
    """How much a word tells that so many of the examples hold: 1 up to `COMMON`, beyond it the root of the excess."""
    return min(1.0, COMMON * (examples + 5) / (calls + 0.5)) ** 0.5


def chosen_words(weights: Mapping[str, float], failed: set[str], said: str, room: int) -> list[str]:
    """The words that the failed call had not and that are not said yet, weightiest first, as far as there is room."""
    chosen: list[str] = []
    taken = 0
    for word, _ in sorted(weights.items(), key=lambda item: (-item[1], item[0])):
        plain = bounded(word, 60).replace("`", "'")
        if word in failed or plain.strip('"') in said or not usable(word) or not tells(word):
            continue
        if taken + len(plain) + 2 > room:
            break
        chosen.append(plain)
        taken += len(plain) + 2
    return chosen


def tells(word: str) -> bool:
    """Whether a word says something by itself: not a small word of English, nor what any command holds."""
    return len(word) > 2 and word.lower() not in SMALL_WORDS


def names_in(error: str) -> list[str]:
    """Names of tests that failed, or of what was missing, each in quotation marks; never a sentence of a tool."""
    found: dict[str, None] = {}
    for match in FAILED_TESTS.finditer(error[:6000]):
        name = next((group for group in match.groups() if group), "").strip()
        if NAME.fullmatch(name) and len(name.split()) <= 4:
            found[quote(name, NAME_CHARS)] = None
    return list(found)[:NAMES_AT_MOST]
