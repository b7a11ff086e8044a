"""The terms of a text: what it is looked up by. Pure.

Words in one case and one inflection, without those that are about nothing; paths, flags, versions and identifiers as
they stand and in their parts; Chinese and Japanese, which have no spaces, in pairs of characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from services.memory.stemming import stem

VERSION = 1
"""Stored beside terms: those of another version are made again from the text."""

LONGEST = 64
ASKED_AT_MOST = 64
"""Terms of a question that are looked up: of a long one the beginning and the end, where the request stands."""

PIECE = re.compile(r"[^\s\"`|;&()<>,{}\[\]]+")
PART = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
SHORTENED = re.compile(r"['’](?:s|t|d|m|re|ve|ll)?$")
UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
EDGES = ".,:;!?'’*_~…-"

FUNCTION_WORDS = """
    a about above after again against ago ain all also although am an and any anybody anyone anything are aren around
    as at away be because been before being below between both but by can could couldn did didn do does doesn doing don
    done down during each either else ever every few for from further get gets getting go going gone got had hadn has
    hasn have haven having he her here hers herself him himself his how i if in into is isn it its itself just let like
    ll me might mine more most much must my myself no nor not now of off oh ok okay on once one only or other ought our
    ours ourselves out over own please quite rather re really same say said shall shan she should shouldn since so some
    somebody someone something still such sure tell than thank thanks that the their theirs them themselves then there
    these they thing things this those though through to too under until up upon us ve very was wasn we well were weren
    what whatever when where whether which while who whom whose why will with within without won would wouldn yes yet
    you your yours yourself yourselves"""
ABOUT_NOTHING = frozenset(FUNCTION_WORDS.split())


def terms_of(text: str) -> list[str]:
    """The terms of a text in their order, each as often as it stands there."""
    return [term for piece in PIECE.findall(unicodedata.normalize("NFKC", text)) for term in terms_in(piece)]


def asked_terms(text: str) -> list[str]:
    """The terms that a question is looked up by, each once."""
    found = list(dict.fromkeys(terms_of(text)))
    half = ASKED_AT_MOST // 2
    return found if len(found) <= ASKED_AT_MOST else found[:half] + found[-half:]


def same_question(text: str, asked: str) -> bool:
    """Whether a text asks what is asked now: said before, it answers nothing."""
    return text.rstrip().endswith("?") and asked.rstrip().endswith("?") and terms_of(text) == terms_of(asked)


def terms_in(piece: str) -> Iterator[str]:
    """The terms of what stands between two spaces."""
    bare = piece.strip(EDGES)
    parts = PART.findall(CAMEL.sub(" ", bare))
    if len(parts) > 1:
        # As it stands: "main.py" names one thing, "main" and "py" many.
        yield bare.casefold()[:LONGEST]
    for part in parts:
        if UNSPACED.search(part):
            yield from pairs_in(part)
            continue
        word = SHORTENED.sub("", part.casefold()).replace("’", "'")
        if word and word not in ABOUT_NOTHING:
            yield stem(word)[:LONGEST]


def pairs_in(part: str) -> Iterator[str]:
    """Characters in pairs, as Lucene's CJKAnalyzer has them; a lone one by itself."""
    for run in UNSPACED.findall(part):
        yield from (run[place : place + 2] for place in range(max(1, len(run) - 1)))
    yield from (word.casefold()[:LONGEST] for word in UNSPACED.sub(" ", part).split())
