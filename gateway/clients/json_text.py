"""Edits JSON as text: what an edit is not about stays byte for byte, comments included.

Only places are computed here; that the edited text says what was wanted is for the caller to check by reading it again.
What is put in can be taken out again without a trace: an empty container that held nothing gets its new content on
lines of its own, one that held spaces or comments gets it right before its closing bracket, and a container with
content gets it behind the comments that follow the last of it on the same line.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import cast

_SPACE = " \t\r\n"
_COMMENT_OR_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\r\n]*|/\*.*?\*/', re.DOTALL)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s,:\[\]{}"]+')
JsonObject = dict[str, object]
JsonList = list[object]


@dataclass(slots=True)
class Node:
    """A value and where it stands; `children` are the items of a list or the members of an object, in order."""

    value: object
    start: int
    end: int
    children: tuple[Child, ...] = ()


@dataclass(slots=True)
class Child:
    """An item, or a member from the start of its key on."""

    key: str | None
    start: int
    node: Node


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document: its text, the same with spaces for comments, and its tree."""

    text: str
    bare: str
    root: Node


def parse(text: str, *, comments: bool = False) -> Parsed:
    """Reads a document, with `comments` such as JavaScript has.

    Raises:
        ValueError: for what is not JSON, also for the numbers that Python reads and JSON does not have.
        RecursionError: when it is nested too deeply.
    """
    bare = _without_comments(text) if comments else text
    json.loads(bare, parse_constant=_refused)
    start = _skip(bare, 0)
    return Parsed(text, bare, _node(bare, start))


def edited(text: str, value: object, *, comments: bool = False) -> str:
    """The text changed so that it says `value`; order of keys aside, and what both say stays as it was written.

    Raises:
        ValueError: when `text` is not JSON, or `value` cannot be written as JSON.
        RecursionError: as `parse`.
    """
    style = _Style.of(text, parse(text, comments=comments).bare)
    while True:
        parsed = parse(text, comments=comments)
        following = _step(parsed, parsed.root, value, style)
        if following is None:
            return text
        text = following


@dataclass(frozen=True, slots=True)
class _Style:
    """How a file is written."""

    one_line: bool
    unit: str
    comma: str
    colon: str
    newline: str
    ascii_only: bool

    @classmethod
    def of(cls, text: str, bare: str) -> _Style:
        body = bare.strip()
        indented = re.search(r'^([ \t]+)"', bare, re.MULTILINE)
        one_line = "\n" not in body and body not in ("{}", "[]")
        tight = one_line and '": ' not in body
        newline = "\r\n" if "\r\n" in text else "\n"
        # A file that spells everything in ASCII keeps its escapes.
        unit = indented[1] if indented else "  "
        return cls(one_line, unit, "," if tight else ", ", ":" if tight else ": ", newline, text.isascii())

    def dump(self, value: object, indent: str) -> str:
        """Raises ValueError for a number that JSON does not have."""
        ends = (self.comma, self.colon) if self.one_line else (",", ": ")
        made = ""
        for ascii_only in (self.ascii_only, True):
            made = json.dumps(
                value,
                indent=None if self.one_line else self.unit,
                separators=ends,
                ensure_ascii=ascii_only,
                allow_nan=False,
            )
            if not any("\ud800" <= letter <= "\udfff" for letter in made):
                break
        return made.replace("\n", self.newline + indent)

    def member(self, key: str | None, value: object, indent: str) -> str:
        written = self.dump(value, indent)
        return written if key is None else f"{self.dump(key, '')}{self.colon}{written}"


def _step(parsed: Parsed, node: Node, value: object, style: _Style) -> str | None:
    """The text with one difference less; None when there is none."""
    if _same(node.value, value):
        return None
    if _are(dict, node.value, value):
        return _step_in_object(parsed, node, cast("JsonObject", value), style)
    if _are(list, node.value, value):
        return _step_in_list(parsed, node, cast("JsonList", value), style)
    written = style.dump(value, _indent_of_line(parsed.text, node.start))
    return parsed.text[: node.start] + written + parsed.text[node.end :]


def _step_in_object(parsed: Parsed, node: Node, value: JsonObject, style: _Style) -> str | None:
    # Of a key that is there twice the last counts.
    last = {child.key: index for index, child in enumerate(node.children)}
    for index, child in enumerate(node.children):
        if child.key not in value:
            return _without(parsed, node, index)
    for key, index in last.items():
        following = _step(parsed, node.children[index].node, value[cast(str, key)], style)
        if following is not None:
            return following
    for key, member in value.items():
        if key not in last:
            return _with(parsed, node, key, member, style)
    return None


def _step_in_list(parsed: Parsed, node: Node, value: JsonList, style: _Style) -> str | None:
    old = [child.node.value for child in node.children]
    for index, child in enumerate(node.children):
        if index == len(value):
            return _without(parsed, node, index)
        if _same(old[index], value[index]):
            continue
        further = len(old) > len(value) or any(_same(value[index], later) for later in old[index + 1 :])
        unwanted = not any(_same(old[index], later) for later in value[index:])
        # One that is wanted here but stands further on is reached by taking out what is before it.
        if further and unwanted and not _leaves(old[index], value[index]):
            return _without(parsed, node, index)
        return _step(parsed, child.node, value[index], style)
    return _with(parsed, node, None, value[len(old)], style) if len(old) < len(value) else None


def _with(parsed: Parsed, node: Node, key: str | None, value: object, style: _Style) -> str:
    """The text with one more child at the end of a container."""
    text = parsed.text
    outer = _indent_of_line(text, node.start)
    if not node.children:
        inner = "" if style.one_line else outer + style.unit
        written = style.member(key, value, inner)
        if text[node.start + 1 : node.end - 1]:
            # Directly before the bracket: by that it is known again that the rest was there before.
            return text[: node.end - 1] + written + text[node.end - 1 :]
        around = ("", "") if style.one_line else (style.newline + inner, style.newline + outer)
        return text[: node.start + 1] + around[0] + written + around[1] + text[node.end - 1 :]
    last = node.children[-1]
    line = text.rfind("\n", 0, last.start) + 1
    own_line = not parsed.bare[line : last.start].strip()
    inner = text[line : last.start] if own_line else outer + style.unit
    inner = inner if not inner.strip() else outer + style.unit
    if style.one_line:
        between, place = style.comma[1:], last.node.end
        inner = ""
    else:
        between, place = style.newline + inner, _behind_comments(parsed, last.node.end)
    written = style.member(key, value, inner)
    return text[: last.node.end] + "," + text[last.node.end : place] + between + written + text[place:]


def _without(parsed: Parsed, node: Node, index: int) -> str:
    """The text without one child of a container, and with all comments around it."""
    text, bare = parsed.text, parsed.bare
    child = node.children[index]
    start, end = child.start, child.node.end
    if len(node.children) == 1:
        before, behind = text[node.start + 1 : start], text[end : node.end - 1]
        if behind and not before.strip() and not behind.strip():
            before, behind = "", ""
        elif behind:
            before = text[node.start + 1 : max(node.start + 1, _line_before(parsed, start, end))]
        return text[: node.start + 1] + before + behind + text[node.end - 1 :]
    if index == len(node.children) - 1:
        comma = bare.index(",", node.children[index - 1].node.end)
        return text[:comma] + text[comma + 1 : max(comma + 1, _line_before(parsed, start, end))] + text[end:]
    comma = bare.index(",", end)
    rest = comma + 1
    while text[rest] in _SPACE:
        rest += 1
    return text[:start] + text[end:comma] + text[rest:]


def _line_before(parsed: Parsed, start: int, end: int) -> int:
    """Where the spaces before a place begin, and the line end before them: what goes along when start to end goes."""
    text = parsed.text
    while start and text[start - 1] in " \t" and parsed.bare[start - 1] == text[start - 1]:
        start -= 1
    for newline in ("\r\n", "\n"):
        if text.endswith(newline, 0, start):
            before = start - len(newline)
            # A comment to the end of its line needs that end, here or further on.
            needed = before and parsed.bare[before - 1] != text[before - 1]
            return start if needed and not re.match(r"[ \t]*\r?\n", text[end:]) else before
    return start


def _behind_comments(parsed: Parsed, place: int) -> int:
    """Where the comments end that follow a place and end on its line; the place itself where there are none."""
    text, bare = parsed.text, parsed.bare
    reached = at = place
    while at < len(text) and bare[at] in " \t":
        comment = _COMMENT_OR_STRING.match(text, at) if bare[at] != text[at] else None
        if comment is None:
            at += 1
        elif "\n" in comment[0]:
            break
        else:
            reached = at = comment.end()
    return reached


def _indent_of_line(text: str, place: int) -> str:
    line = text.rfind("\n", 0, place) + 1
    found = re.compile(r"[ \t]*").match(text, line)
    return found[0] if found else ""


def _without_comments(text: str) -> str:
    def blank(found: re.Match[str]) -> str:
        part = found[0]
        return part if part.startswith('"') else re.sub(r"[^\r\n]", " ", part)

    return _COMMENT_OR_STRING.sub(blank, text)


def _refused(name: str) -> object:
    raise ValueError(f"{name} is no number of JSON")


def _skip(bare: str, at: int) -> int:
    while at < len(bare) and bare[at] in _SPACE:
        at += 1
    return at


def _node(bare: str, start: int) -> Node:
    """The value that starts there, of text that is known to be JSON."""
    if bare[start] not in "[{":
        found = _TOKEN.match(bare, start)
        assert found is not None
        return Node(json.loads(found[0]), start, found.end())
    closing = "]" if bare[start] == "[" else "}"
    children: list[Child] = []
    at = _skip(bare, start + 1)
    while bare[at] != closing:
        begin, key = at, None
        if closing == "}":
            found = _TOKEN.match(bare, at)
            assert found is not None
            key = cast(str, json.loads(found[0]))
            at = _skip(bare, _skip(bare, found.end()) + 1)
        node = _node(bare, at)
        children.append(Child(key, begin, node))
        at = _skip(bare, node.end)
        if bare[at] == ",":
            at = _skip(bare, at + 1)
    values = [child.node.value for child in children]
    value: object = values if closing == "]" else {child.key: child.node.value for child in children}
    return Node(value, start, at + 1, tuple(children))


def _same(one: object, other: object) -> bool:
    """Equality as JSON has it: true is not 1, and 1.0 is written otherwise than 1."""
    if type(one) is not type(other):
        return False
    if _are(dict, one, other):
        mine, theirs = cast("JsonObject", one), cast("JsonObject", other)
        return mine.keys() == theirs.keys() and all(_same(mine[key], theirs[key]) for key in mine)
    if _are(list, one, other):
        first, second = cast("JsonList", one), cast("JsonList", other)
        return len(first) == len(second) and all(_same(*pair) for pair in zip(first, second, strict=True))
    return one == other


def _leaves(one: object, other: object) -> bool:
    """Whether taking things out of the one can leave the other."""
    if _are(dict, one, other):
        mine, theirs = cast("JsonObject", one), cast("JsonObject", other)
        return all(key in mine and _leaves(mine[key], theirs[key]) for key in theirs)
    if _are(list, one, other):
        rest, wanted = iter(cast("JsonList", one)), cast("JsonList", other)
        return all(any(_leaves(item, each) for item in rest) for each in wanted)
    return _same(one, other)


def _are(kind: type, one: object, other: object) -> bool:
    return isinstance(one, kind) and isinstance(other, kind)
