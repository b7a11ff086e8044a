"""The JSON objects in a file of lines, however it was torn, glued or compressed, and the one that a whole file is.
Never raises for what it reads."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import orjson

_LONGEST_LINE = 64 << 20
"""Bytes. Eight times the largest hook body: only damage is longer, and it must not fill the memory."""
_DEEPEST = 200
"""Levels. orjson writes 254, and a payload wraps what it carries."""
_LENIENT = json.JSONDecoder(strict=False)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be read. ``line`` counts from 1; 0 is the file as a whole."""

    path: Path
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Line:
    """One JSON object with the number of the line it stands on and that line's bytes."""

    number: int
    raw: bytes
    value: dict[str, object]


def read_lines(path: Path, problems: list[Problem]) -> Iterator[Line]:
    """Yields every JSON object of a ``.jsonl`` or ``.jsonl.gz`` file, in file order, in memory of one line.

    Two objects glued into one line are both read. What cannot be read is left out and added to ``problems``.
    """
    number = 0
    try:
        with _open(path) as stream:
            while raw := stream.readline(_LONGEST_LINE):
                number += 1
                if len(raw) == _LONGEST_LINE and not raw.endswith(b"\n"):
                    problems.append(Problem(path, number, f"a line of more than {_LONGEST_LINE} bytes"))
                    while raw and not raw.endswith(b"\n"):
                        raw = stream.readline(_LONGEST_LINE)
                    continue
                if raw.isspace():
                    continue
                values, reason = _parse(raw)
                if reason:
                    problems.append(Problem(path, number, reason))
                for value in values:
                    yield Line(number, raw, value)
    except (OSError, EOFError, zlib.error) as error:
        problems.append(Problem(path, number, f"cannot be read on: {error}"))


def read_document(path: Path, problems: list[Problem]) -> Iterator[Line]:
    """Yields the JSON object that a whole file is; a file that is none, or larger than a line may be, is a problem."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(_LONGEST_LINE)
        value: object = orjson.loads(raw)
    except OSError as error:
        problems.append(Problem(path, 0, f"cannot be read: {error}"))
    except orjson.JSONDecodeError as error:
        problems.append(Problem(path, error.lineno, f"not valid JSON: {error.msg}"))
    else:
        if not isinstance(value, dict):
            problems.append(Problem(path, 1, "not a JSON object"))
        elif _is_deeper(cast("dict[str, object]", value), _DEEPEST):
            problems.append(Problem(path, 1, f"nested more than {_DEEPEST} levels deep"))
        else:
            yield Line(1, raw, cast("dict[str, object]", value))


def _open(path: Path) -> BinaryIO:
    # A larger buffer over the archive would be a little faster, and would lose all it held where the archive is cut.
    return cast("BinaryIO", gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _parse(raw: bytes) -> tuple[list[dict[str, object]], str]:
    try:
        values: list[object] = [orjson.loads(raw)]
        reason = ""
    except orjson.JSONDecodeError:
        values, reason = _recover(raw)
    found = [cast("dict[str, object]", value) for value in values if isinstance(value, dict)]
    if len(found) < len(values):
        reason = reason or "not a JSON object"
    if found and raw.count(b"{") + raw.count(b"[") > _DEEPEST:
        shallow = [value for value in found if not _is_deeper(value, _DEEPEST)]
        if len(shallow) < len(found):
            found, reason = shallow, reason or f"nested more than {_DEEPEST} levels deep"
    return found, reason


def _recover(raw: bytes) -> tuple[list[object], str]:
    """Reads object after object from a line that is no single valid one, up to the first place that cannot be read."""
    text = raw.decode("utf-8", "replace")
    blank = " \t\r\n\0"
    values: list[object] = []
    at = 0
    try:
        while at < len(text):
            if text[at] in blank:
                at += 1
                continue
            value, at = _LENIENT.raw_decode(text, at)
            # A lone surrogate passes json and would fail wherever the payload is written.
            values.append(orjson.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")))
    except (ValueError, RecursionError) as error:
        return values, f"not valid JSON: {error}"
    return values, ""


def _is_deeper(value: object, levels: int) -> bool:
    layer: list[object] = [value]
    for _ in range(levels):
        following: list[object] = []
        for item in layer:
            if isinstance(item, dict):
                following.extend(cast("dict[str, object]", item).values())
            elif isinstance(item, list):
                following.extend(cast("list[object]", item))
        if not following:
            return False
        layer = following
    return True
