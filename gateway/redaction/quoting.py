"""How far a value reaches: to its closing quote, to the end of its word, of its line or of its indented block."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_LONGEST_VALUE = 4096
"""Characters. A longer value is cut there, which bounds the search for a closing quote that never comes."""
_LONGEST_JUDGED = 96
"""Characters of a bare word that decide whether it is a secret; words in words are judged again and again."""


class Value(NamedTuple):
    """The characters `start` to `end` of a text, without the quotes around them."""

    start: int
    end: int
    quoted: bool


# A quote with white space behind it, or with punctuation and white space, closes the literal that the name stands in.
_OPENING = re.compile(
    r"(?:[rbfuRBFUL@$]{1,2}(?=[\"'`]))?(\\{0,7}(?:\"\"\"|'''|[\"'`](?![,:;)\]}]{0,3}(?:[ \t\n]|\Z))))"
)
_INSIDE = {
    quote: re.compile(rf"[^{quote}\\\n\x00]*(?:\\.[^{quote}\\\n\x00]*)*", re.DOTALL) for quote in ("'", '"', "`")
}
# A separator ends a word only where another word or assignment, or nothing, follows it.
_WORD = re.compile(
    r"(?:[^\s\"'`\x00;&|<>\\]|(?<=\w)[\"'](?=\w)|\\(?![nrt\"'\\])|[;&|](?![;&|\s\"'`]|\Z|[\w. %-]{1,40}=))+"
)
_TO_SPACE = re.compile(r"(?:[^\s\"'`\x00\\]|(?<=\w)[\"'](?=\w)|\\(?![nrt\"'\\]))+")
_LINE = re.compile(r"[^\n\x00\"`]*")
_BLOCK = re.compile(r"[|>][+-]?[0-9]?[ \t]*\n((?:[^\n\w]{0,12}[ \t]{2,}\S[^\n]*(?:\n|\Z))+)")
_BETWEEN_ELEMENTS = re.compile(r"[\s,]{0,80}")
_LONGEST_LIST = 64
_TRAILING = ",:;)]}>"


def quoted_value(text: str, position: int) -> Value | None:
    """The string literal that opens at a position; one that is never closed reaches to the end of its line."""
    opening = _OPENING.match(text, position)
    if opening is None:
        return None
    quote = opening[1]
    start = opening.end()
    limit = min(len(text), start + _LONGEST_VALUE)
    if len(quote) > 1:
        end = text.find(quote, start, limit)
    else:
        inside = _INSIDE[quote].match(text, start, limit)
        end = inside.end() if inside else limit
        if not text.startswith(quote, end):
            # Multi-line secrets exist, and so do apostrophes: beyond its line only a close quote counts.
            end = text.find(quote, end, limit)
    if end < 0 or "\x00" in text[start:end]:
        line = _LINE.match(text, start)
        end = line.end() if line else start
    return Value(start, end, True)


def bare_word(text: str, position: int, *, to_space: bool = False) -> Value:
    """The unquoted word at a position: a shell word or query value, or with `to_space` all up to white space."""
    word = (_TO_SPACE if to_space else _WORD).match(text, position, position + _LONGEST_JUDGED)
    if word is None:
        return Value(position, position, False)
    return Value(position, position + len(word.group().rstrip(_TRAILING)), False)


def whole(text: str, value: Value) -> Value:
    """The value with the rest of its word, where that was too long to be judged in full."""
    if value.quoted or value.end - value.start < _LONGEST_JUDGED - len(_TRAILING):
        return value
    rest = _TO_SPACE.match(text, value.end)
    return value._replace(end=rest.end()) if rest else value


def bare_line(text: str, position: int) -> Value:
    """The rest of the line, up to a quote."""
    line = _LINE.match(text, position, position + _LONGEST_VALUE)
    return Value(position, position + len(line.group().rstrip()) if line else position, False)


def indented_block(text: str, position: int) -> Value | None:
    """The lines of a YAML block scalar (`|` or `>`) that opens at a position."""
    block = _BLOCK.match(text, position)
    if block is None:
        return None
    lines = block[1]
    return Value(block.end() - len(lines.lstrip()), block.start(1) + len(lines.rstrip()), True)


def listed_values(text: str, position: int) -> Iterator[Value]:
    """The string literals that follow one another from a position on, as in a list."""
    for _ in range(_LONGEST_LIST):
        gap = _BETWEEN_ELEMENTS.match(text, position)
        value = quoted_value(text, gap.end()) if gap else None
        if value is None:
            return
        yield value
        position = value.end + 1
