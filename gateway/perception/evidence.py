"""Finding a table's fragments in a text without reading the whole text once for each of them."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.perception.rule import Rule

# Short pieces that many fragments share, chosen by greedy cover over all fragments of the table: a text is searched
# for a piece once, and the fragments behind it only in the few lines that hold it. They decide speed, never a result.
_SHARED = (
    "erro|ot |led|ed |lid |kno|den|ect|no |No |res|be |ment|nd |FAI|loc|ired|Error|ptio|ERR|iss|rge|ead|ask|mat|hook |"
    "401|ain |com|e p|iff|CON|ail|emo|file|403|ENO|cce| ve|er |re |war|ost|set|on "
)
_PIECES = tuple(_SHARED.split("|"))

_MAX_LINES = 32
_LAST = 1_024
_LINE_BEFORE = 200
_LINE_BEHIND = 300
_MAX_TRIES = 8

Table = tuple[tuple[Rule, tuple[tuple[str, str], ...]], ...]
"""Rules with their fragments, each behind the piece it is looked for by."""


def table(rules: Iterable[Rule]) -> Table:
    """Rules made ready for `first_match`, in their order of precedence."""
    return tuple((rule, tuple((_piece(needle), needle) for needle in rule.needles)) for rule in rules)


def first_match(rules: Table, text: str) -> tuple[Rule, str] | None:
    """The first rule that holds in the text, and the salient part it found."""
    lines: dict[str, str] = {}
    for rule, needles in rules:
        otherwise: str | None = None
        for piece, needle in needles:
            held = lines.get(piece)
            if held is None:
                held = lines[piece] = _lines_with(piece, text)
            if held and needle in held:
                found, whole = _salient(rule, needle, held)
                if found is not None:
                    return rule, found
                otherwise = otherwise or whole
        if otherwise is not None:
            return rule, otherwise
    return None


def _piece(needle: str) -> str:
    return next((piece for piece in _PIECES if piece in needle), needle)


def _lines_with(piece: str, text: str) -> str:
    at = text.find(piece)
    if at < 0:
        return ""
    kept: list[str] = []
    size = len(text)
    while at >= 0:
        end = text.find("\n", at)
        if end < 0:
            end = size
        kept.append(text[text.rfind("\n", 0, at) + 1 : end])
        if len(kept) == _MAX_LINES:
            # The verdict at the very end must be seen, however often the piece came before.
            end = max(end, size - _LAST)
        elif len(kept) == 2 * _MAX_LINES:
            break
        at = text.find(piece, end)
    return "\n".join(kept)


def _salient(rule: Rule, needle: str, lines: str) -> tuple[str | None, str | None]:
    whole: str | None = None
    at = lines.find(needle)
    for _ in range(_MAX_TRIES):
        if at < 0:
            break
        end = lines.find("\n", at)
        if end < 0:
            end = len(lines)
        start = lines.rfind("\n", 0, at) + 1
        line = lines[max(start, at - _LINE_BEFORE) : min(end, at + _LINE_BEHIND)].rstrip()
        if rule.pattern is None:
            return line, None
        if match := rule.pattern.search(line):
            return (match[match.lastindex] if match.lastindex else line), None
        if rule.loose and whole is None:
            whole = line
        at = lines.find(needle, end)
    return None, whole
