"""Inflected forms of an English word folded into one: plurals, -ed, -ing, -y. Pure.

Step 1 of M. F. Porter, "An algorithm for suffix stripping", Program 14(3), 1980, pp. 130-137. Its later steps fold
derivations ("organisation", "organ") too, which in a conversation of a few hundred entries brings more that is wrong
than it finds.
"""

from __future__ import annotations

import re
from functools import lru_cache

SHORTEST = 3
"""Words shorter than this have no ending to lose."""

ENGLISH = re.compile(r"[a-z]+")
VOWEL = re.compile(r"[aeiou]|(?<=[^aeiou])y")
DOUBLED = re.compile(r"([^aeioulsz])\1$")
CLOSED_SYLLABLE = re.compile(r"(?:^|[^aeiou])[aeiouy][^aeiouwxy]$")
"""Porter's *o: consonant, vowel, consonant, the last of them not w, x or y."""


@lru_cache(maxsize=16_384)
def stem(word: str) -> str:
    """The form under which all inflections of a lower-case word stand; of words in other letters the word itself."""
    if len(word) < SHORTEST or not ENGLISH.fullmatch(word):
        return word
    word = without_tense(without_plural(word))
    return f"{word[:-1]}i" if word.endswith("y") and VOWEL.search(word[:-1]) else word


def without_plural(word: str) -> str:
    """Step 1a."""
    if word.endswith(("sses", "ies")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def without_tense(word: str) -> str:
    """Step 1b."""
    if word.endswith("eed"):
        return word[:-1] if measure(word[:-3]) > 0 else word
    for ending in ("ed", "ing"):
        left = word.removesuffix(ending)
        if left != word and VOWEL.search(left):
            return restored(left)
    return word


def restored(left: str) -> str:
    """The word as it stands without its ending: "hop" of "hopp", "hope" of "hop", "rate" of "rat"."""
    if left.endswith(("at", "bl", "iz")):
        return f"{left}e"
    if DOUBLED.search(left):
        return left[:-1]
    return f"{left}e" if measure(left) == 1 and CLOSED_SYLLABLE.search(left) else left


def measure(word: str) -> int:
    """Porter's m: how often a vowel is followed by a consonant."""
    shape = "".join("v" if VOWEL.match(word, place) else "c" for place in range(len(word)))
    return len(re.findall(r"v+c+", shape))
