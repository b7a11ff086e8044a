"""Bounds the size of a field without leaving half a secret beside the cut."""

from collections.abc import Mapping
from typing import cast

from gateway.redaction.payload import DEEPEST
from gateway.redaction.text import find_secrets

FIELD_LIMIT_BYTES = 16_384
"""What a moment keeps of one field. The bus refuses messages over 1 MiB, and a hook has a few large fields at most."""

_MARKER_BYTES = 48
_WINDOW = 4096
"""Characters looked at on either side of a cut: the longest secret that is recognised there, RSA-4096 keys included."""
_CONTEXT = 256
"""Characters between a secret and what tells that it is one, such as its name: a cut must not part the two."""
_LONGEST_LINE_DROPPED = 512
_LONGEST_WORD_DROPPED = 256
_WORD_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+/=.%~\\"


def cut(text: str, limit_bytes: int = FIELD_LIMIT_BYTES) -> str:
    """Head and tail of a text with `…[N bytes cut]…` between them, at most `limit_bytes` of UTF-8 together.

    Made for text that is redacted afterwards: a secret that straddles an edge is cut away whole, and so is the line,
    or else the word, that an edge would have halved.
    """
    if len(text) * 4 <= limit_bytes:
        return text
    encoded = text.encode("utf-8", "surrogatepass")
    if len(encoded) <= limit_bytes:
        return text
    kept = max(0, limit_bytes - _MARKER_BYTES)
    head_end = _characters(encoded, (kept + 1) // 2)
    tail_start = len(text) - _characters_from_end(encoded, kept // 2)
    head = text[: _head_edge(text, head_end)]
    tail = text[_tail_edge(text, tail_start) :]
    missing = len(encoded) - len((head + tail).encode("utf-8", "surrogatepass"))
    return f"{head}…[{missing} bytes cut]…{tail}"


def cut_payload(payload: Mapping[str, object], limit_bytes: int = FIELD_LIMIT_BYTES) -> dict[str, object]:
    """The payload with every string cut; parts without a long string are shared with the original."""
    return {key: _bounded(value, limit_bytes, DEEPEST) for key, value in payload.items()}


def _bounded(value: object, limit_bytes: int, levels: int) -> object:
    if isinstance(value, str):
        return cut(value, limit_bytes)
    if levels > 0 and isinstance(value, dict):
        items = cast("dict[str, object]", value)
        return {key: _bounded(item, limit_bytes, levels - 1) for key, item in items.items()}
    if levels > 0 and isinstance(value, list):
        return [_bounded(item, limit_bytes, levels - 1) for item in cast("list[object]", value)]
    return value


def _head_edge(text: str, edge: int) -> int:
    start = max(0, edge - _WINDOW)
    for span in reversed(find_secrets(text[start : edge + _WINDOW])):
        if start + span.start < edge < start + span.end + _CONTEXT:
            edge = start + span.start
    newline = text.rfind("\n", max(0, edge - _LONGEST_LINE_DROPPED), edge)
    if newline >= 0:
        return newline + 1
    word = text[max(0, edge - _LONGEST_WORD_DROPPED) : edge]
    return edge - len(word) + len(word.rstrip(_WORD_CHARACTERS))


def _tail_edge(text: str, edge: int) -> int:
    start = max(0, edge - _WINDOW)
    for span in find_secrets(text[start : edge + _WINDOW]):
        if start + span.start - _CONTEXT < edge < start + span.end:
            edge = start + span.end
    newline = text.find("\n", edge - 1, edge + _LONGEST_LINE_DROPPED)
    if newline >= 0:
        return newline + 1
    word = text[edge : edge + _LONGEST_WORD_DROPPED]
    return edge + len(word) - len(word.lstrip(_WORD_CHARACTERS))


def _characters(encoded: bytes, end: int) -> int:
    while end > 0 and encoded[end] & 0xC0 == 0x80:
        end -= 1
    return len(encoded[:end].decode("utf-8", "surrogatepass"))


def _characters_from_end(encoded: bytes, size: int) -> int:
    start = len(encoded) - size
    while start < len(encoded) and encoded[start] & 0xC0 == 0x80:
        start += 1
    return len(encoded[start:].decode("utf-8", "surrogatepass"))
