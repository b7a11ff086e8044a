"""Whether a quotation is told as what it is: what a tool printed, or what a user said, and nothing to be done. Pure.

What is quoted is a stranger's. Cut short it may say the opposite ("never deploy on Fridays"), and behind the wrong
words an instruction that a tool printed becomes one of Spark's. So

- a user's words stand whole or not at all, and nobody else's stand as a user's;
- right before a quotation somebody reports, what failed, or what was said or printed; or it is told as the facts do;
- what is merely said or printed follows no instruction in its sentence, and nothing behind it tells to do it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from services.inference.marks import Kind, Piece
from services.inference.prose import INSTRUCTIONS, words

FAILURES = words(
    """
    fail fails failed failing failure failures exit exits exited error errors break breaks broke broken
    refuse refuses refused reject rejects rejected
    """
)
"""Words that tell of a failure: what is quoted behind them is how something failed."""
REPORTING = words(
    """
    say says said saying print prints printed printing report reports reported reporting complain complains complained
    message messages output quoted read reads told tells returned returns gave gives
    """
)
"""Words that tell what somebody said: what is quoted behind them is that, and no more."""
FINDINGS = words("known recognised recognized unrecognised unrecognized unknown found missing invalid exist exists")
"""Words of a finding, behind which a tool's own words may stand in brackets."""
BETWEEN = words(
    """
    a an the this that it its in here last lately again then was were is are had has have been by of on at with times
    time because to because as twice once message error text words following flag option test tests and user tool spark
    """
)
"""Words that may stand between the report and what is reported."""
AFTER_TO_DO = words(
    """
    do doing follow following followed apply applying applied type typing enter entering execute executing fix fixes
    fixed solve solves solved solution resolve resolves resolved workaround correct correction obey copy paste
    """
)
"""Words that make what was quoted something to be done."""
NOT = words("no not never without")
USERS = words("user users")
SAYS = words("say says said saying told")
NUMBER = re.compile(r"[\d.,:%-]+\Z", re.ASCII)


def by_user(found: Sequence[Piece], place: int) -> bool:
    """Whether a quotation is told as a user's words: in its sentence a user says."""
    told = set(sentence_before(found, place))
    return bool(USERS & told) and bool(SAYS & told)


def reported(found: Sequence[Piece], place: int, *, as_there: bool = False) -> bool:
    """Whether somebody reports right before a quotation, and nothing makes it something to be done. `as_there`: the
    words right before it stand before it in the facts too."""
    told = sentence_before(found, place)
    if told and as_there and not INSTRUCTIONS & set(told):
        return not to_do(found[place + 1 :])
    for at in range(len(told) - 1, -1, -1):
        word = told[at]
        if word in FAILURES or (word in FINDINGS and bracketed(found, place)):
            return not to_do(found[place + 1 :])
        if word in REPORTING:
            return not INSTRUCTIONS & set(told) and not to_do(found[place + 1 :])
        between = word in BETWEEN or NUMBER.match(word) or (word == "before" and bracketed(found, place))
        if not between:
            return False
    return False


def sentence_before(found: Sequence[Piece], place: int) -> list[str]:
    """The words that are said in a sentence ahead of a place, in small letters."""
    kept: list[str] = []
    for piece in reversed(found[:place]):
        if piece.kind is Kind.BREAK and piece.ends:
            break
        if piece.kind is Kind.SAID:
            kept.append(piece.text.lower())
    return kept[::-1]


def lead(found: Sequence[Piece], place: int) -> str:
    """The two words of its sentence right before a quotation."""
    return " ".join(sentence_before(found, place)[-2:])


def bracketed(found: Sequence[Piece], place: int) -> bool:
    """Whether a quotation stands first in brackets."""
    return place > 0 and found[place - 1].text == "("


def to_do(behind: Iterable[Piece]) -> bool:
    """Whether what follows a quotation makes it something to be done."""
    before = ""
    for piece in behind:
        if piece.kind is not Kind.SAID:
            continue
        word = piece.text.lower()
        if word in AFTER_TO_DO and before not in NOT:
            return True
        before = word
    return False
