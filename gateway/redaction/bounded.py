"""Bounds the size of a field without leaving half a secret beside the cut."""

from collections.abc import Mapping
from typing import cast

from gateway.redaction.payload import DEEPEST
from gateway.redaction.text import find_secrets

FIELD_LIMIT_BYTES = 16_384
"""What a moment keeps of one field. The bus refuses messages over 1 MiB, and a hook has a few large fields at most."""

NESTED_VALUES = 2_000
"""Values of a payload's objects and lists, twenty times what the largest hook seen holds. To clean one of them takes
up to 15 µs, and all hooks wait for it."""
NESTED_FIELDS = 4
"""So many full fields of text together: to clean 64 KiB in which everything is a secret takes 90 ms."""
LONGEST_KEY = 256
"""Characters. Names are short; the longest are paths."""

_LEFT_OUT = "…[{} more cut]…"
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
    """The payload with every string cut, and of what is nested no more than can be cleaned while others wait.

    That is 2,000 values, and text of four fields; what lies beyond is left out with `…[N more cut]…` in its place.
    """
    allowance = _Allowance(limit_bytes)
    return {
        key: cut(value, limit_bytes) if isinstance(value, str) else allowance.bounded(value, DEEPEST)
        for key, value in payload.items()
    }


class _Allowance:
    """What may still be kept of a payload's nested values."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._values = NESTED_VALUES
        self._bytes = NESTED_FIELDS * limit_bytes

    def bounded(self, value: object, levels: int) -> object:
        self._values -= 1
        if isinstance(value, str):
            return self._text(value)
        if levels > 0 and isinstance(value, dict):
            return self._object(cast("dict[str, object]", value), levels)
        if levels > 0 and isinstance(value, list):
            return self._array(cast("list[object]", value), levels)
        return value

    def _text(self, text: str) -> str:
        size = len(text.encode("utf-8", "surrogatepass"))
        allowed = min(self._limit_bytes, self._bytes)
        # Taken off by what is looked at, not by what is kept: of a text full of secrets a cut keeps next to nothing.
        self._bytes -= min(size, allowed)
        return cut(text, allowed) if allowed or not text else f"…[{size} bytes cut]…"

    def _object(self, items: dict[str, object], levels: int) -> dict[str, object]:
        kept: dict[str, object] = {}
        for key, value in items.items():
            # A key cannot be cut: half of it would be another one.
            if self._spent or len(key) > LONGEST_KEY:
                kept[_LEFT_OUT.format(len(items) - len(kept))] = None
                break
            self._bytes = max(0, self._bytes - len(key))
            kept[key] = self.bounded(value, levels - 1)
        return kept

    def _array(self, items: list[object], levels: int) -> list[object]:
        kept: list[object] = []
        for item in items:
            if self._spent:
                kept.append(_LEFT_OUT.format(len(items) - len(kept)))
                break
            kept.append(self.bounded(item, levels - 1))
        return kept

    @property
    def _spent(self) -> bool:
        return self._values <= 0 or self._bytes <= 0


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
