"""Private key blocks: PEM of every kind, OpenSSH, PGP, PuTTY; whole, or with one end cut off.

A block inside a JSON string, a diff or a numbered listing counts as well: what stands between its two ends is removed,
whatever it is wrapped in.
"""

import re
from collections.abc import Iterator

from gateway.redaction.haystack import Haystack
from gateway.redaction.spans import Span

_BOUNDARY = re.compile(
    r"(?P<begin>-{4,5} ?BEGIN [A-Z0-9 ]{0,24}PRIVATE KEY(?: BLOCK)? ?-{4,5}|Private-Lines: ?[0-9]{1,4})"
    r"|(?P<end>-{4,5} ?END [A-Z0-9 ]{0,24}PRIVATE KEY(?: BLOCK)? ?-{4,5}|Private-MAC:)"
)
# Base64, line ends (escaped ones too), armour headers, and what diffs, listings and string literals put around lines.
_BODY_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\\ \t\r\n\"'`,:→│|><_-"
_BODY = re.compile(f"[{re.escape(_BODY_CHARACTERS)}]*")
_MATERIAL = re.compile(r"[A-Za-z0-9+/=]{16}")
"""A boundary without this beside it is talk about keys, such as source that looks for them."""


def find_private_keys(haystack: Haystack) -> Iterator[Span]:
    """The key blocks of a text in order; a lone boundary reaches as far as key material does."""
    if b"private key" not in haystack.lower and b"private-" not in haystack.lower:
        return
    text = haystack.text
    begin = -1
    floor = 0
    for boundary in _BOUNDARY.finditer(text):
        if boundary["begin"] is not None:
            if begin >= 0:
                floor = _open_end(text, begin, boundary.start())
                yield from _with_material(text, begin, floor)
            begin = boundary.start()
        elif begin >= 0:
            floor = boundary.end()
            yield from _with_material(text, begin, floor)
            begin = -1
        else:
            start = floor + len(text[floor : boundary.start()].rstrip(_BODY_CHARACTERS))
            floor = boundary.end()
            yield from _with_material(text, start, floor)
    if begin >= 0:
        yield from _with_material(text, begin, _open_end(text, begin, len(text)))


def _open_end(text: str, begin: int, limit: int) -> int:
    body = _BODY.match(text, begin, limit)
    return body.end() if body else limit


def _with_material(text: str, start: int, end: int) -> Iterator[Span]:
    if _MATERIAL.search(text, start, end):
        yield Span(start, end, "private-key")
