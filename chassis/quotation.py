"""Somebody's words in advice: on one line, bounded, and never an instruction.

Commands stand as code, what a tool printed or a user said in double quotes; nothing keeps a control character, and
nothing can open a tag.
"""

from __future__ import annotations

import re

TAG = re.compile(r"<(?=[A-Za-z/!?])")
UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]+")
"""Letters and marks that show as nothing: what a person cannot see, an agent is not to read."""
DOUBLE_QUOTES = re.compile('["\u201c-\u201f\u2033\uff02]')
MARKS = re.compile('["`]')


def code(text: str, limit: int) -> str:
    """A command or path as code, at most `limit` characters between its marks."""
    return f"`{bounded(text, limit).replace('`', chr(39))}`"


def quote(text: str, limit: int) -> str:
    """Somebody's words in quotation marks, at most `limit` characters between them."""
    return '"' + DOUBLE_QUOTES.sub("'", bounded(text, limit)) + '"'


def bounded(text: str, limit: int) -> str:
    """One line of at most `limit` characters, all of which can be seen, without anything that opens a tag."""
    line = TAG.sub("‹", visible(text))
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def visible(text: str) -> str:
    """A text on one line without control characters, without marks of direction, without what has no width."""
    if not text.isascii():
        text = UNSEEN.sub("", text)
    if not text.isprintable():
        text = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(text.split())


def clipped(text: str, limit: int) -> str:
    """Advice in at most `limit` characters; a quotation that is cut off is closed, so that it stays one."""
    if len(text) <= limit:
        return text
    kept = text[: max(0, limit - 2)].rstrip()
    return f"{kept}…{open_mark(kept)}"[: max(0, limit)]


def open_mark(text: str) -> str:
    """The mark of a quotation that a text ends within; empty where it ends outside of any."""
    within = ""
    for mark in MARKS.findall(text):
        if not within:
            within = mark
        elif mark == within:
            within = ""
    return within
