"""`.env` files: every assigned value is a secret there, whatever its name."""

import re
from collections.abc import Iterator

from gateway.redaction.haystack import Haystack
from gateway.redaction.quoting import quoted_value
from gateway.redaction.spans import Reading, Span
from gateway.redaction.values import looks_random

_KIND = "dotenv"

# What a listing, a diff or a grep puts before a line.
_MARGIN = (
    r"(?:[^\s:=\"']{0,200}\.env[\w.-]{0,40}[:-])?[ \t]{0,60}(?:[0-9]{1,7}(?:→|[:|\t-])[ \t]{0,60})?"
    r"(?:[+\-<>#][ \t]{0,60}){0,3}"
)
_ASSIGNMENT = re.compile(
    rf"(?P<line>(?:^|(?<=\x00)|(?<=\\n)){_MARGIN}(?:(?:export|set|setenv)[ \t]{{1,8}})?[\"']?[A-Za-z_][\w.-]{{0,127}}"
    r"[ \t]{0,8}=[ \t]{0,8})"
    r"|(?:(?<![\w$-])|(?<=\\n))(?!(?:ERROR|WARN|WARNING|INFO|DEBUG|FATAL|NOTE|TODO|FIXME|FAIL|PASS):)"
    r"[A-Z_][A-Z0-9_]{1,127}(?:=|:[ \t]{1,8})",
    re.MULTILINE,
)
_REST_OF_LINE = re.compile(r"(?:[^\n\x00\\]|\\(?!n)[^\x00]?)*")
_SHELL_WORD = re.compile(r"[^\s\"'\x00;&|)\\]*")
_TAG = re.compile(r"\[redacted:[a-z0-9-]+\]")
_CUT_MARKER = re.compile(r"…\[[0-9]+ bytes cut\]…")
_CONTINUATION = re.compile(rf"^{_MARGIN}([A-Za-z0-9+/_-]{{16,}}={{0,2}})[\"']?[ \t]{{0,60}}$", re.MULTILINE)
_GREPPED = re.compile(
    r"^(?:[^\s:=\"']{0,200}[/\\])?\.env[\w.-]{0,40}[:-](?:[0-9]{1,7}[:-])?[^\n=]{0,127}=[ \t]{0,8}([^\n]+)",
    re.MULTILINE,
)


def find_dotenv(haystack: Haystack, reading: Reading) -> Iterator[Span]:
    """The values of `.env` assignments: all of them in a `.env` reading, else those in the output of a search."""
    text = haystack.text
    if reading >= Reading.DOTENV:
        yield from _assigned(text)
        for match in _CONTINUATION.finditer(text):
            if looks_random(match[1]):
                yield Span(*match.span(1), _KIND)
    elif b".env" in haystack.lower:
        for match in _GREPPED.finditer(text):
            if not _TAG.fullmatch(match[1].rstrip()):
                yield Span(*match.span(1), _KIND)


def _assigned(text: str) -> Iterator[Span]:
    position = 0
    while match := _ASSIGNMENT.search(text, position):
        start = match.end()
        position, end = start, start
        if quoted := quoted_value(text, start):
            start, end, _ = quoted
            closed = text[end : end + 1] in ('"', "'", "`", "\\")
            if not closed and (cut := _CUT_MARKER.search(text, end, end + 4096)):
                end = cut.start()
        else:
            value = (_REST_OF_LINE if match["line"] else _SHELL_WORD).match(text, start)
            if value:
                end = start + len(value.group().rstrip())
        if end > start and not _TAG.fullmatch(text, start, end):
            yield Span(start, end, _KIND)
        position = max(position, end)
