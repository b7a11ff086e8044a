"""What of a prompt its author says, and what is only shown in it: code, logs, traces, quotations, paths."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from gateway.perception.intent_words import UNKNOWN, known

MAX_TEXT = 4_000
"""Characters of a prompt that are parted into what is said and what is shown."""
HEAD, TAIL, MAX_SHOWN = 420, 180, 400
"""Characters read of what is said, at its beginning and its end, and of what is shown: a request stands at the
beginning, about four sentences with its reasons, or at the end, and what is between tells of many things."""
MAX_QUESTIONS = 4
"""Questions looked at."""

_MAX_WORD = 40
_SHOWN_LINE = re.compile(
    r"""\s*(?:[>|❯⏺⎿✓✗]|[=*+-]{3,}\s|\$\s|@@\s|</?[\w-]+>\s*$|\d{4}-\d\d-\d\d[T\s]|\[?\d\d:\d\d(?::\d\d|\])
    |[A-Z](?:[a-z]{2}\s+\d{1,2}\s\d\d:\d\d|ile\s"|raceback\s)|at\s[\w.$<>]+\(|[\w/-]+\.\w+:\d+
    |\[?(?:DEBUG|INFO|WARN|WARNING|ERROR|FATAL|TRACE)[\]:|])""",
    re.VERBOSE,
)
_CODE_ENDS = ("{", "}", ";", "[", "],")
# The client's own account of an earlier conversation: nobody asks for anything in it.
_CARRIED_OVER = "This session is being continued from a previous conversation"
_LEFT_OUT = " * "

_SENTENCE_END = re.compile(r"[.!;:\n]\s|, ")
_WH = frozenset({"why", "how", "what", "what's", "where", "which", "who", "whose", "when"})
_AUXILIARIES = frozenset({"is", "are", "was", "were", "does", "did", "do", "has", "have", "had"})
_ASKING = _WH | _AUXILIARIES | {"shouldn't", "wouldn't"}
_ANNOUNCED = ("q:", "question")
# What people say before they ask.
_CALLS = frozenset(
    {
        *(
            "",
            "and",
            "but",
            "so",
            "q",
            "question",
            "ok",
            "okay",
            "also",
            "hmm",
            "now",
            "then",
            "wait",
            "well",
            "yes",
            "no",
        ),
        "oh",
    }
)
# With these a statement ends that wants to be confirmed.
_TAGS = frozenset({"right", "correct", "or", "no", "yes"})

_PUNCTUATION = ".,:;!?()[]{}\"'`’‘“”…*#~$&+=<>|-–—"
_HOLDS = ",.;:!?"
_FOREIGN = re.compile(r"[^\w'’–—-]|_|\d[a-z]+\d")
_JOINED = re.compile(r"[-–—]+")
_CLITICS = frozenset({"s", "d", "m", "ll", "re", "ve"})
_NOTHING = (UNKNOWN,)


@dataclass(frozen=True, slots=True)
class Spoken:
    """The words of a prompt in the form of the table, filling words left out."""

    said: tuple[str, ...]
    shown: tuple[str, ...]
    asks: bool
    """Whether the author asks about what is there: why, how, what, is it, does it."""


def spoken(text: str) -> Spoken:
    """The words of a prompt, as far as they are read."""
    stripped = text.strip()
    if stripped.startswith(_CARRIED_OVER):
        return Spoken((), (), asks=False)
    said, shown = _parted(_begin(stripped, MAX_TEXT))
    if len(said) > HEAD + TAIL:
        # The end of what was read is the end of the prompt only if all was read.
        said = _begin(said, HEAD) + (_LEFT_OUT + _end(said, TAIL) if len(stripped) <= MAX_TEXT else "")
    said = said.lower()
    return Spoken(_words(said), _words(_begin(shown, MAX_SHOWN).lower()), _asks(said))


def _begin(text: str, size: int) -> str:
    """The first whole words."""
    return text if len(text) <= size else "".join(text[:size].rsplit(None, 1)[:1])


def _end(text: str, size: int) -> str:
    """The last whole words."""
    return "".join(text[-size:].split(None, 1)[1:])


def _parted(text: str) -> tuple[str, str]:
    """What is said and what is shown, line by line and mark by mark."""
    said: list[str] = []
    shown: list[str] = []
    for number, block in enumerate(text.split("```")):
        if number % 2:
            shown.append(block)
            continue
        for line in block.split("\n"):
            (shown if _SHOWN_LINE.match(line) or line.endswith(_CODE_ENDS) else said).append(line)
    rest = "\n".join(said)
    for mark in ("`", '"'):
        pieces = rest.split(mark)
        if len(pieces) % 2 == 0:
            pieces[-2:] = [" ".join(pieces[-2:])]
        shown.extend(pieces[1::2])
        rest = _LEFT_OUT.join(pieces[::2])
    return rest, "\n".join(shown)


def _asks(said: str) -> bool:
    """Whether one of the first questions begins as one about what is there does; a polite request does not."""
    if "?" in said and said.startswith(_ANNOUNCED):
        return True
    opening = [word.strip(_PUNCTUATION) for word in said[:_MAX_WORD].split(None, 2)[:2]]
    if len(opening) > 1 and opening[0] in _WH and opening[1] in _AUXILIARIES:
        return True
    for before in said.split("?", MAX_QUESTIONS)[:-1][:MAX_QUESTIONS]:
        words = [word.strip(_PUNCTUATION) for word in _SENTENCE_END.split(before)[-1].split()]
        first = next((word for word in words if word not in _CALLS), "")
        if first in _ASKING or first.removesuffix("n't") in _AUXILIARIES or (words and words[-1] in _TAGS):
            return True
    return False


def _words(text: str) -> tuple[str, ...]:
    tokens = text.split()
    if tokens and max(map(len, tokens)) > _MAX_WORD:
        tokens = [token if len(token) <= _MAX_WORD else "*" for token in tokens]
    return tuple(chain.from_iterable(map(_forms, tokens)))


@lru_cache(maxsize=8_192)
def _forms(token: str) -> tuple[str, ...]:
    """The words of what stands between two spaces, and one that nothing knows where the sentence or clause ends."""
    return tuple(_of_token(token)) + (_NOTHING if token[-1] in _HOLDS else ())


def _of_token(token: str) -> Iterator[str]:
    bare = token.strip(_PUNCTUATION)
    whole = known(bare) if bare else UNKNOWN
    if token.startswith("-") or (whole == UNKNOWN and _FOREIGN.search(bare)):
        # A flag, a path or a name with underscores is one word: no part of it is taken for another.
        yield UNKNOWN
        return
    for word in _JOINED.split(bare.replace("’", "'")) if whole == UNKNOWN else (bare,):
        head, _, tail = word.partition("'")
        form = known(head if tail in _CLITICS else word)
        if form is not None:
            yield form
