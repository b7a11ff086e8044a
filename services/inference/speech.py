"""What a voice says, read while it is still being said. Pure.

A voice is asked to say how sure it is before it answers, so that an answer can be shown as it is made. Where the engine
obeys a schema that is JSON with the confidence first; else lines `CONFIDENCE: 0.8`, `VERDICT: ...`, `RISK: ...`, then
the answer. A voice that says nothing of its confidence, or something else than a number from 0 to 1, has none: it is
never guessed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {
            "confidence": {"type": "number", "minimum": 0, "maximum": 1},
            "verdict": {"type": "string", "maxLength": 40},
            "risk": {"type": "string", "maxLength": 160},
            "answer": {"type": "string"},
        },
        "required": ["confidence", "verdict", "risk", "answer"],
        "additionalProperties": False,
    }
)
"""In this order: engines that obey a schema write its properties as they stand in it, and the answer can be shown once
the confidence is known."""

NUMBER = r"(?:0(?:\.\d+)?|1(?:\.0+)?|\.\d+)"
CONFIDENCE_IN_JSON = re.compile(rf'"confidence"\s*:\s*({NUMBER})\s*[,}}]')
ANSWER_IN_JSON = re.compile(r'"answer"\s*:\s*"')
LINE = re.compile(r"^\W*(CONFIDENCE|VERDICT|RISK)\W*[:=]\s*(.*?)\s*$", re.IGNORECASE)
LINE_NUMBER = re.compile(rf"{NUMBER}\Z")
STRING = re.compile(r'(?:[^"\\]|\\u[0-9a-fA-F]{4}|\\["\\/bfnrt])*')
"""The inside of a JSON string as far as its escapes are whole."""
NO_RISK = re.compile(
    r"\W*(none|no|n/?a|nothing|no risks?|no known risks?|unknown|null|not applicable)?\W*\Z", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Speech:
    """What has been said so far. `confidence` is None where none was given."""

    answer: str = ""
    confidence: float | None = None
    verdict: str = ""
    risk: str = ""


def read(said: str, *, whole: bool = True) -> Speech:
    """What a text says; one that is not `whole` goes on. What is read of its answer never changes as it goes on."""
    text = said.lstrip().removeprefix("```json").lstrip()
    if text.startswith("{"):
        return read_json(text)
    if whole:
        return read_lines(said)
    if not text or text.startswith("`"):
        return Speech()
    ahead, _, last = said.rpartition("\n")
    begun = read_lines(ahead)
    return read_lines(said) if begun.answer or not could_be_line(last) else begun


def read_json(text: str) -> Speech:
    """The JSON of a voice, whole, cut off, or nested too deeply to be read whole."""
    try:
        found: object = json.JSONDecoder().raw_decode(text)[0]
    except (ValueError, RecursionError):
        return read_cut_json(text)
    fields = cast(Mapping[str, object], found)
    sure = fields.get("confidence")
    usable = isinstance(sure, int | float) and not isinstance(sure, bool) and 0 <= sure <= 1
    return Speech(
        answer=as_text(fields.get("answer")),
        confidence=float(cast(float, sure)) if usable else None,
        verdict=as_text(fields.get("verdict")).strip(),
        risk=named_risk(as_text(fields.get("risk"))),
    )


def read_cut_json(text: str) -> Speech:
    """What can be known of JSON that goes on."""
    begin = ANSWER_IN_JSON.search(text)
    head = text[: begin.start()] if begin else text
    sure = CONFIDENCE_IN_JSON.search(head)
    return Speech(
        answer=string_from(text[begin.end() :]).lstrip() if begin else "",
        confidence=float(sure.group(1)) if sure else None,
        verdict=field_in(head, "verdict"),
        risk=named_risk(field_in(head, "risk")),
    )


def field_in(head: str, name: str) -> str:
    """A whole text field of JSON that goes on; empty where it is not whole yet."""
    begin = re.search(rf'"{name}"\s*:\s*"', head)
    if begin is None:
        return ""
    rest = head[begin.end() :]
    return string_from(rest) if rest[inside(rest) :].startswith('"') else ""


def inside(raw: str) -> int:
    """How many characters from here on are within a JSON string."""
    found = STRING.match(raw)
    return found.end() if found else 0


def string_from(raw: str) -> str:
    """The text of a JSON string from behind its first quotation mark, as far as it is there."""
    length = inside(raw)
    text: str = json.loads(f'"{raw[:length]}"', strict=False)
    # Half of a pair of surrogates is no text: the other half may come.
    return without_halves(text)


def without_halves(text: str) -> str:
    """A text without half letters, which cannot be sent."""
    return text.encode("utf-8", "ignore").decode("utf-8", "ignore")


def read_lines(said: str) -> Speech:
    """The lines of a voice; those ahead of the answer count."""
    fields: dict[str, str] = {}
    lines = said.splitlines()
    while lines and (not lines[0].strip() or LINE.match(lines[0])):
        match = LINE.match(lines.pop(0))
        if match is not None:
            fields.setdefault(match.group(1).lower(), match.group(2).strip("*_ "))
    sure = fields.get("confidence", "")
    return Speech(
        answer="\n".join(lines).lstrip(),
        confidence=float(sure) if LINE_NUMBER.match(sure) else None,
        verdict=fields.get("verdict", ""),
        risk=named_risk(fields.get("risk", "")),
    )


def could_be_line(text: str) -> bool:
    """Whether a line that goes on could become one ahead of the answer."""
    start = re.sub(r"^\W*", "", text).upper()
    return not start or any(name.startswith(start[: len(name)]) for name in ("CONFIDENCE", "VERDICT", "RISK"))


def named_risk(risk: str) -> str:
    """A risk that is named; empty for the ways of saying that there is none."""
    return "" if NO_RISK.match(risk) else risk.strip()


def as_text(value: object) -> str:
    """A JSON value that is text, without half letters."""
    return without_halves(value).lstrip() if isinstance(value, str) else ""
