"""Whether advice that a model worded holds to its facts. Pure.

Advice is read by an agent that acts on it, so a path, flag or command that nobody has seen is worse than no advice.
What a model wrote stands only where

- each word of it is a plain one (services/inference/prose.py) or stands, letter for letter, in the facts or in the
  deterministic text: names, paths, flags, numbers, URLs, variables, identifiers, packages all fall under this;
- each piece of code is a whole one of theirs, or a single word of one: a command cut short is another command;
- a bare name of a command is not followed by what could be its argument, unless it was there;
- a number keeps a neighbour, so that "failed 3 of 9 times" does not become "9 of 3";
- what stands only in double quotes there, printed by a tool or said by a user, stays in double quotes and is told as
  what it is (services/inference/reporting.py): it is data (chassis/quotation.py);
- it holds no letter that cannot be seen, and no mark that is not closed.

The rule errs on the side of silence: a refusal costs the deterministic text, which is good enough to be shown anyway.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from chassis.quotation import UNSEEN
from services.inference.marks import Kind, Piece, Unclosed, bare, pieces
from services.inference.prose import (
    COMMANDS,
    COMPOUNDS,
    CONTRACTIONS,
    COUNTS,
    DIRECT,
    FUNCTION,
    OBJECTS,
    PLAIN,
    REPORTS,
)
from services.inference.reporting import by_user, lead, reported

FOLLOWERS = FUNCTION | REPORTS | CONTRACTIONS
NUMBER = re.compile(r"\d+(?:[.,]\d+)?%?\Z", re.ASCII)
WORD = re.compile(r"[A-Za-z]+(?:'[a-z]+)?\Z", re.ASCII)
MARK = re.compile('[`"\u201c\u201d]')
WHOLE_FACT_CHARS = 300
"""A fact of at most so many characters without marks may be a command as it is."""


@dataclass(slots=True)
class Sources:
    """What the words of advice may rest on."""

    spans: set[str] = field(default_factory=set[str])
    """Whole pieces of code."""
    code_words: set[str] = field(default_factory=set[str])
    """Single words of them."""
    said_words: set[str] = field(default_factory=set[str])
    """Words outside of code and quotations."""
    pairs: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    """Words that stand side by side."""
    quotations: list[str] = field(default_factory=list[str])
    """What a tool printed, each with a blank before and behind."""
    sayings: set[str] = field(default_factory=set[str])
    """What a user said, in the same form."""
    told: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    """Either with the words right before it."""
    neighbours: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict[str, set[str]](set))
    """Words beside each number."""


def sources_of(texts: Iterable[str]) -> Sources:
    """The facts and the deterministic text, as what may be rested on."""
    known = Sources()
    for text in texts:
        for number, line in enumerate([text, text.partition(": ")[2]]):
            if line and not MARK.search(text) and (number or len(text) <= WHOLE_FACT_CHARS):
                add_code(" ".join(line.split()), known)
        add_said(pieces(text), known)
    return known


def add_code(code: str, known: Sources) -> None:
    """Adds a piece of code."""
    words = code.split()
    if not words:
        return
    known.spans.add(code)
    known.code_words.update(words)
    known.code_words.update(filter(None, map(bare, words)))


def add_said(found: Sequence[Piece], known: Sources) -> None:
    """Adds the pieces of a text."""
    flat: list[str] = []
    for at, piece in enumerate(found):
        match piece.kind:
            case Kind.CODE:
                add_code(piece.text, known)
                flat.extend(piece.text.split())
            case Kind.QUOTED:
                quotation = flattened(piece.text)
                if by_user(found, at):
                    known.sayings.add(quotation)
                else:
                    known.quotations.append(quotation)
                known.told.add((lead(found, at), quotation))
                flat.append("")
            case Kind.SAID:
                known.said_words.add(piece.text)
                flat.append(COUNTS.get(piece.text.lower(), piece.text))
            case Kind.BREAK:
                flat.append("")
    for first, second in zip(["", *flat], [*flat, ""], strict=True):
        known.pairs.add((first, second))
        known.neighbours[first].add(second.lower())
        known.neighbours[second].add(first.lower())


def inventions(text: str, known: Sources) -> tuple[str, ...]:
    """What in a text does not hold to its facts, in order; empty where all of it does."""
    if unseen(text):
        return ("a letter that cannot be seen",)
    try:
        found = pieces(text, strict=True)
    except Unclosed as error:
        return (str(error),)
    wrong: list[str] = []
    place = 0
    while place < len(found):
        piece = found[place]
        match piece.kind:
            case Kind.CODE if not code_stands(piece.text, known) or goes_on(found, place + 1, known):
                wrong.append(piece.text)
            case Kind.QUOTED if not quotation_stands(found, place, known):
                wrong.append(piece.text)
            case Kind.SAID:
                length = span_at(found, place, known)
                if split(found, place, known) or (not length and not word_stands(found, place, known)):
                    wrong.append(piece.text)
                place += max(0, length - 1)
            case _:
                pass
        place += 1
    return tuple(wrong)


def unseen(text: str) -> bool:
    """Whether a text holds a letter that shows as nothing; blanks and ends of lines do not count."""
    return not "".join(text.split(" ")).replace("\n", "").replace("\t", "").isprintable() or bool(UNSEEN.search(text))


def code_stands(code: str, known: Sources) -> bool:
    """Whether a piece of code is a whole one of the facts', or a single word of theirs."""
    if not code or code in known.spans:
        return True
    return code in known.code_words | known.said_words and any(letter.isalnum() for letter in code)


def quotation_stands(found: Sequence[Piece], place: int, known: Sources) -> bool:
    """Whether a quotation is a user's whole words, or whole words of a tool's, and told as such; or a piece of code."""
    text = found[place].text
    if text in known.spans:
        return True
    wanted = flattened(text)
    if by_user(found, place):
        stands = wanted in known.sayings
    else:
        stands = any(wanted in quotation for quotation in known.quotations)
    return stands and reported(found, place, as_there=(lead(found, place), wanted) in known.told)


def flattened(quotation: str) -> str:
    """A quotation as words that can be looked for in another: with a blank before and behind."""
    return f" {' '.join(bare(word) or word for word in quotation.split())} "


def span_at(found: Sequence[Piece], place: int, known: Sources) -> int:
    """How many words from here on are a whole piece of code that stands without its marks; 0 for none."""
    words: list[str] = []
    longest = 0
    for piece in found[place:]:
        if piece.kind is not Kind.SAID:
            break
        words.append(piece.text)
        if len(words) > 1 and " ".join(words) in known.spans:
            longest = len(words)
    return longest if longest and follows_well(found, place + longest, known) else 0


def word_stands(found: Sequence[Piece], place: int, known: Sources) -> bool:
    """Whether a word needs no fact or has one."""
    piece = found[place]
    word = piece.text.removesuffix("'s")
    before = found[place - 1] if place else Piece(Kind.BREAK, "")
    small = word.lower()
    if small in COUNTS and small != "one":
        return number_stands(found, place, COUNTS[small], known) or word in known.said_words
    if NUMBER.match(word):
        return number_stands(found, place, word, known)
    if plain(word, initial=piece.initial):
        if before_command(before) and not object_stands(small) and (before.text, word) not in known.pairs:
            return False
        return word not in known.code_words or word in FUNCTION or not argument_at(found, place + 1, known)
    if word not in known.code_words and word not in known.said_words:
        begins = piece.initial and word[:1].isupper() and WORD.match(word) is not None
        return begins and word[:1].lower() + word[1:] in known.said_words - known.code_words
    return follows_well(found, place + 1, known)


def before_command(before: Piece) -> bool:
    """Whether what follows a word may be taken for a command to be run."""
    return before.kind is Kind.SAID and before.text.lower() in DIRECT


def object_stands(word: str) -> bool:
    """Whether a plain word behind an instruction cannot be taken for a command's name."""
    return (word in FUNCTION and word not in COMMANDS) or word in OBJECTS or word.endswith("ly")


def split(found: Sequence[Piece], place: int, known: Sources) -> bool:
    """Whether a word and the next one are a name of the facts, torn apart."""
    ahead = found[place + 1 : place + 2]
    if not ahead or ahead[0].kind is not Kind.SAID:
        return False
    joined = found[place].text + ahead[0].text
    return joined in known.code_words or (joined in known.said_words and not plain(joined, initial=False))


def goes_on(found: Sequence[Piece], place: int, known: Sources) -> bool:
    """Whether what follows a piece of code may be taken for more of it."""
    if place >= len(found):
        return False
    ahead = found[place]
    if ahead.kind is not Kind.SAID or plain(ahead.text, initial=False):
        return ahead.kind is Kind.CODE
    return (found[place - 1].text.rpartition(" ")[2], ahead.text) not in known.pairs


def argument_at(found: Sequence[Piece], place: int, known: Sources) -> bool:
    """Whether a word that is said would be an argument, if the one before it were a command."""
    ahead = found[place] if place < len(found) else Piece(Kind.BREAK, "")
    if ahead.kind is not Kind.SAID or plain(ahead.text, initial=False):
        return False
    return ahead.text in known.code_words or (found[place - 1].text, ahead.text) not in known.pairs


def plain(word: str, *, initial: bool) -> bool:
    """Whether a word needs no fact. Capitals make a name, except where a sentence begins."""
    if word in COMPOUNDS:
        return True
    spoken = word[:1].lower() + word[1:] if initial else word
    return WORD.match(word) is not None and spoken in PLAIN


def number_stands(found: Sequence[Piece], place: int, number: str, known: Sources) -> bool:
    """Whether a number stands in the facts beside a word that it stands beside here."""
    beside = known.neighbours.get(number)
    if beside is None:
        return False
    around = {
        COUNTS.get(found[at].text.lower(), found[at].text.lower())
        for at in (place - 1, place + 1)
        if 0 <= at < len(found) and found[at].kind is Kind.SAID
    }
    if found[place].text.lower() in {"twice", "thrice"}:
        around.add("times")
    return bool(beside & around)


def follows_well(found: Sequence[Piece], place: int, known: Sources) -> bool:
    """Whether what follows a name cannot be taken for its argument, or followed it in the facts."""
    if place >= len(found) or found[place].kind in {Kind.BREAK, Kind.QUOTED}:
        return True
    before, after = found[place - 1], found[place]
    if after.kind is not Kind.SAID or after.text in FOLLOWERS:
        return after.kind is Kind.SAID
    # Of a command that goes on there, this is a part.
    return (before.text, after.text) in known.pairs and before.text not in known.code_words
