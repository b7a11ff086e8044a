"""Whether advice turns its facts round: what failed as what to do, or what worked as what to leave. Pure.

A model that names nothing new can still say the opposite of what was seen. Told apart are the clauses around each piece
of code, in the facts' own words (services/memory/wording.py) and in the model's.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from services.inference.marks import Kind, Piece, pieces
from services.inference.prose import PLAIN, words

AGAINST_BEFORE = re.compile(
    r"\b(instead of|rather than|than|over|avoid\w*|not?|without|never|unlike|refused?|reject\w*|don't|doesn't"
    r"|didn't|no longer|stop\w*|failure of|failed|failing|nobody|leave|nor|neither)( \w+){0,4}\Z|\b(did|does|do)\Z"
)
"""What, ahead of a piece of code, tells against it."""
AGAINST_BEHIND = re.compile(
    r"\b(fail\w*|refused?|reject\w*|errors?|exit\w*|not|never|cannot|can't|don't|doesn't|didn't|isn't|wasn't|won't|broken?"
    r"|breaks|without success|timed out|times out|wrong|missing|invalid|unknown|unrecognized|unsupported|bad|worse"
    r"|alone|useless|unwanted|hardly|rarely|little)\b"
)
"""What, behind it in its clause, tells against it."""
FOR_BEHIND = re.compile(r"\b(work(s|ed)|succeed(s|ed)|pass(es|ed))\b")
FOR_BEFORE = re.compile(
    r"\b(worked|works|was at|worked after|what worked( after that)?( in this session)?|in the folder|runs? here with)\Z"
)
NO = re.compile(
    r"\b(not?|never|none|nobody|nothing|neither|nor|without|hardly|rarely|little|cannot|can't|don't|doesn't|didn't|isn't"
    r"|wasn't|won't|aren't|weren't|couldn't|wouldn't|shouldn't|haven't|hasn't|hadn't|no longer)\b"
)
ILL = re.compile(
    r"\b(fail\w*|refus\w*|reject\w*|errors?|broken?|breaks|wrong|missing|invalid|unknown|unrecognized|unsupported|bad|worse"
    r"|avoid\w*|stop\w*|omit\w*|warn\w*)\b"
)
"""What is bad: denied in the same breath, as in "never fails", it is praise, though its words are those of blame."""
TAKEN_UP = re.compile(
    r"\b(use|run|try|repeat|call|keep|retry|prefer|choose|do)( \w+){0,1} (it|that|this|them)\b"
    r"|\b(what|which) (you|one|we) (should|must|can|may|will|need)\b"
)
"""Tells to do what was named before."""
TOLD_TO = re.compile(
    r"\A(please |then |first |just |so |and )?(use|run|try|prefer|call|keep|choose|repeat)( \w+){0,2}\Z"
)
"""Tells, ahead of a piece of code, to use it, whatever is said of it behind."""
LATER = "; it worked "
"""How the sources tell that what failed worked after all, after something else."""
WRONG = "did not work: "
"""How packets tell of advice that proved wrong (services/packets/wording.py): nothing in it is to be followed."""
CONJUNCTIONS = words("but so when where while whereas because since although though then whereupon until")
TOGETHER = words("and or")


@dataclass(frozen=True, slots=True)
class Place:
    """A piece of code with the words of its clause before and behind it."""

    code: str
    before: str
    behind: str

    @property
    def clause(self) -> str:
        """All of its clause's words beside the code."""
        return f"{self.before} {self.behind}"

    @property
    def against(self) -> bool:
        """Whether its clause tells against it."""
        return bool(AGAINST_BEFORE.search(self.before)) or (
            bool(AGAINST_BEHIND.search(self.behind)) and not FOR_BEHIND.search(self.behind)
        )

    @property
    def favoured(self) -> bool:
        """Whether its clause tells that it worked."""
        return not self.against and bool(FOR_BEHIND.search(self.behind) or FOR_BEFORE.search(self.before))


def turned_round(text: str, sources: Iterable[str]) -> tuple[str, ...]:
    """The pieces of code of which a text says the opposite of what all its sources say; none where they agree.

    Code of which the sources say both or nothing is not judged, nor what they say worked later.
    """
    read = [(source, places(pieces(source))) for source in sources]
    wrong = {place.code for source, found in read if WRONG in source for place in found}
    later = {place.code for source, found in read if LATER in source for place in found if place.against}
    told = [place for _, found in read for place in found if place.code not in wrong]
    against = {place.code for place in told if place.against} | wrong
    favoured = {place.code for place in told if place.favoured}
    neutral = {place.code for place in told if not place.against and not place.favoured}
    against |= {
        word
        for code in against - favoured - neutral - later
        for word in code.split()
        if word.startswith("-") and not any(word in other.split() for other in favoured | neutral | later)
    }
    failed, worked = against - favoured - neutral - later, favoured - against
    read_as = recognised(pieces(text), against | favoured)
    return (
        *(
            place.code
            for place in places(read_as)
            if (place.code in failed and (not place.against or TOLD_TO.match(place.before)))
            or (place.code in worked and place.against)
        ),
        *denied(read_as, failed | worked),
        *taken_up(read_as, failed),
    )


def denied(found: Sequence[Piece], judged: Collection[str]) -> tuple[str, ...]:
    """The pieces of code of whose clause two negations make a praise that no fact can be held against."""
    return tuple(
        place.code
        for place in places(parted_at_colons(found))
        if place.code in judged and NO.search(place.clause) and ILL.search(place.clause)
    )


def taken_up(found: Sequence[Piece], failed: Collection[str]) -> tuple[str, ...]:
    """The pieces of code that failed and that a later clause tells to use, by a word that stands for them."""
    told: list[str] = []
    last = ""
    for clause in clauses(found):
        said = " ".join(piece.text.lower() for piece in clause if piece.kind is Kind.SAID)
        codes = [piece.text for piece in clause if piece.kind is Kind.CODE]
        if not codes and last in failed and TAKEN_UP.search(said) and not NO.search(said):
            told.append(last)
        last = codes[-1] if codes else last
    return tuple(told)


def parted_at_colons(found: Sequence[Piece]) -> list[Piece]:
    """The pieces, with each colon as the end of a clause."""
    return [Piece(Kind.BREAK, ";") if piece.kind is Kind.BREAK and piece.text == ":" else piece for piece in found]


def recognised(found: Sequence[Piece], codes: Collection[str]) -> list[Piece]:
    """The pieces with code as such where it stands without its marks."""
    known = sorted((code.split() for code in codes if code), key=len, reverse=True)
    made: list[Piece] = []
    at = 0
    while at < len(found):
        code = next((words for words in known if words == said_from(found, at, len(words))), None)
        if code is None or (len(code) == 1 and code[0] in PLAIN):
            made.append(found[at])
            at += 1
        else:
            made.append(Piece(Kind.CODE, " ".join(code), found[at].initial))
            at += len(code)
    return made


def said_from(found: Sequence[Piece], at: int, count: int) -> list[str]:
    """The words that are said from a place on, so many."""
    return [piece.text for piece in found[at : at + count] if piece.kind is Kind.SAID]


def places(found: Sequence[Piece]) -> list[Place]:
    """Each piece of code in the clause that it stands in; several that are joined share one."""
    done: list[Place] = []
    for clause in clauses(found):
        at = 0
        while at < len(clause):
            if clause[at].kind is not Kind.CODE:
                at += 1
                continue
            end = at + 1
            while end < len(clause) and (clause[end].kind is Kind.CODE or joins(clause, end)):
                end += 1
            before, behind = spoken(clause[:at], last=True), spoken(clause[end:], last=False)
            done += [Place(piece.text, before, behind) for piece in clause[at:end] if piece.kind is Kind.CODE]
            at = end
    return done


def joins(clause: Sequence[Piece], at: int) -> bool:
    """Whether a word joins two pieces of code."""
    ahead = clause[at + 1 : at + 2]
    return clause[at].text in TOGETHER and bool(ahead) and ahead[0].kind is Kind.CODE


def clauses(found: Sequence[Piece]) -> list[list[Piece]]:
    """The clauses of a text: stretches between breaks and conjunctions. What stands in brackets is left out, and a
    comma between two pieces of code parts nothing."""
    made: list[list[Piece]] = [[]]
    depth = 0
    for at, piece in enumerate(found):
        if piece.kind is Kind.BREAK and piece.text in "([{":
            depth += 1
        elif piece.kind is Kind.BREAK and piece.text in ")]}":
            depth = max(0, depth - 1)
        elif depth:
            continue
        elif piece.kind is Kind.BREAK:
            ahead = found[at + 1] if at + 1 < len(found) else piece
            listed = found[at - 1].kind is Kind.CODE and (ahead.kind is Kind.CODE or ahead.text == "which")
            if piece.text != ":" and not (piece.text == "," and listed):
                made.append([])
        elif piece.kind is Kind.SAID and piece.text.lower() in CONJUNCTIONS:
            made.append([])
        elif piece.text not in TOGETHER or parted(found, at):
            made[-1].append(piece)
        else:
            made.append([])
    return made


def parted(found: Sequence[Piece], at: int) -> bool:
    """Whether an `and` stands between two pieces of code, which it joins; else it begins another clause."""
    return found[at - 1].kind is Kind.CODE and found[at + 1 : at + 2] != [] and found[at + 1].kind is Kind.CODE


def spoken(clause: Sequence[Piece], *, last: bool) -> str:
    """The words beside a piece of code, up to the next one."""
    kept: list[str] = []
    for piece in reversed(clause) if last else clause:
        if piece.kind is Kind.CODE:
            break
        if piece.kind is Kind.SAID:
            kept.append(piece.text.lower())
    return " ".join(reversed(kept) if last else kept)
