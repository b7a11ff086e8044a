"""Making one line of an error comparable over runs: whatever differs each time is put aside."""

from __future__ import annotations

import re

MAX_SIGNATURE = 160
"""Characters of a signature: one line of a terminal and a half."""

_MAX_READ = 400

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]+")

# One pass; what an alternative leaves behind begins with none of the others, so that the result is a fixed point.
_VOLATILE = re.compile(
    r"""
    (?P<time>\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)?
        |\b\d{4}/\d\d/\d\d[ ]\d\d:\d\d:\d\d(?:\.\d+)?|\b\d\d:\d\d:\d\d(?:[.,]\d+)?)
  | (?P<temp>(?:/private)?(?:/tmp|/var/tmp|/var/folders|/dev/shm)/[^\s'"`:,;)\]]+
        |[A-Za-z]:\\[^\s'"]*\\Temp\\[^\s'":]+)
  | (?P<hex>\b0x[0-9a-fA-F]+\b
        |\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b
        |\b(?=[a-f]*\d)[0-9a-f]{7,64}\b)
  | (?P<duration>(?<![\w.])(?:\d+h)?(?:\d+m(?=\d))?\d+(?:\.\d+)?
        [ ]?(?:ns|µs|us|ms|s|secs?|seconds?|m|mins?|minutes?|h|hours?)\b
        (?:[ ]?\d+(?:\.\d+)?(?:ms|s|m)\b)*)
  | (?P<place>(?<=\w):\d+(?::\d+)?(?!\d*[\w.])|\(\d+,[ ]?\d+\))
  | (?P<line>(?i:\b(?:line|char|column|col|pid|thread))[ ]\#?\d+)
  | (?P<count>(?<![\w.:/-])(?<!port[ ])(?<!code[ ])(?<!status[ ])(?<!HTTP[ ])(?<!rror[ ])\d+(?![\w.:/-]))
    """,
    re.VERBOSE,
)
_MAYBE_VOLATILE = re.compile(r"\d|/tmp/|/var/|/shm/|Temp")
_STAND_IN = {"time": "<time>", "temp": "<temp>", "hex": "<id>", "duration": "<duration>", "place": ":N", "count": "N"}


def plain(text: str) -> str:
    """Terminal text without colours and control characters, with straight quotes and bare newlines."""
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isascii():
        text = text.replace("‘", "'").replace("’", "'").replace("“", '"').replace("”", '"')
    return text


def signature(line: str) -> str:
    """A line without what differs from run to run (places, addresses, times, temporary paths, durations, counts),
    on one line of at most `MAX_SIGNATURE` characters."""
    line = line[:_MAX_READ]
    if not line.isprintable():
        line = _CONTROL.sub(" ", line)
    if _MAYBE_VOLATILE.search(line) and not line.isdigit():
        line = _VOLATILE.sub(_stand_in, line)
    return " ".join(line.split())[:MAX_SIGNATURE].rstrip()


def _stand_in(found: re.Match[str]) -> str:
    kind = found.lastgroup or ""
    if kind == "line":
        return f"{found[0].partition(' ')[0]} N"
    return _STAND_IN[kind]
