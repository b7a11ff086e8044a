"""Significant words of targets and prompts, in one normal form, so that what is said and what is run can meet."""

from __future__ import annotations

import re
from functools import lru_cache

MAX_TARGET_TOKENS = 16
MAX_PROMPT_TOKENS = 32

_MAX_TEXT = 8_192
_MAX_WORD = 32
_CHUNK = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_HEX = re.compile(r"[0-9a-fA-F]{7,}")
_VOWEL = re.compile(r"[aeiouy]")

_STOP_WORDS = """
a about after again all also am an and any are as at be because been before being both but by can could did do does
doing don for from further get go going got had has have having he her here hers him his how i if in into is it its
just let like make me more most my need no nor not now of off ok okay on once only or other our out over own please
s same she should so some still such t than thank thanks that the their them then there these they this those
through to too under until up us use used using very want was we were what when where which while who why will with
would yes you your
"""
_STOP = frozenset(_STOP_WORDS.split())
# In a command these words are programs and verbs of their own.
_SPOKEN_IN_COMMANDS = frozenset({"go", "make", "get", "just", "use", "let", "which", "do"})
_STOP_IN_TARGETS = (_STOP - _SPOKEN_IN_COMMANDS) | {"usr", "home", "users", "dev", "null", "tmp", "var", "opt"}


def target_tokens(target: str) -> tuple[str, ...]:
    """At most `MAX_TARGET_TOKENS` distinct words of a call's target, without numbers, hex ids and stop words."""
    return _tokens(target, _STOP_IN_TARGETS, MAX_TARGET_TOKENS)


def prompt_tokens(text: str) -> tuple[str, ...]:
    """At most `MAX_PROMPT_TOKENS` distinct words of a user's prompt, in the same form as a target's."""
    return _tokens(text, _STOP, MAX_PROMPT_TOKENS)


def _tokens(text: str, stop: frozenset[str], limit: int) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for chunk in _CHUNK.findall(text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT]):
        for word in _normal(chunk, stop):
            found[word] = None
        if len(found) >= limit:
            break
    return tuple(found)[:limit]


@lru_cache(maxsize=8_192)
def _normal(chunk: str, stop: frozenset[str]) -> tuple[str, ...]:
    if chunk.isdigit() or (_HEX.fullmatch(chunk) and any(char.isdigit() for char in chunk)):
        return ()
    pieces = [chunk] if not chunk.isascii() or (chunk.isalpha() and chunk.islower()) else _CAMEL.findall(chunk)
    return tuple(
        stem(word)[:_MAX_WORD] for word in (piece.lower() for piece in pieces) if len(word) > 1 and word not in stop
    )


def stem(word: str) -> str:
    """A word without the commonest English endings: light on purpose, so that only forms of one word meet."""
    size = len(word)
    if size > 4 and word.endswith("ies"):
        word = word[:-3] + "y"
    elif size > 4 and word.endswith(("ches", "shes", "sses", "xes", "zes")):
        word = word[:-2]
    elif size > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        root = word.removesuffix(ending)
        if root != word and len(root) > 2 and _VOWEL.search(root):
            undoubled = root[-1] == root[-2] and root[-1] not in "lsz"
            word = root[:-1] if undoubled else root
            break
    return word[:-1] if len(word) > 4 and word.endswith("e") else word
