"""Values that are secrets because of the name they are given to, in whatever language the assignment is written."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from gateway.redaction.haystack import Haystack
from gateway.redaction.names import STEMS, WORD, SecretName, secret_name
from gateway.redaction.quoting import Value, bare_line, bare_word, indented_block, listed_values, quoted_value, whole
from gateway.redaction.spans import Reading, Span
from gateway.redaction.values import is_mixed, is_named_after_secret, is_phrase, is_written_out, looks_random

_LONGEST_LEAD = 80
_NAME_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
_SHORTEST_STRONG = 6
"""Characters. What a looser grammar than an assignment (a comparison, an argument, a sentence) must show."""

# From the stem of the name to where its value begins. White space is bounded, which keeps the scan linear.
_LINK = re.compile(
    rf"(?i:(?P<word>{WORD}))(?P<close>\\{{0,7}}[\"'`])?(?:"
    r"(?P<assigned>"
    r"[\])]{0,2}(?:\[[0-9]*\]|[ \t]{1,8}[sS]tring)?(?P<before>[ \t]{0,60})"
    r"(?P<operator>:[ \t]{0,8}[A-Za-z_][\w.]{0,40}(?:\[[\w., |]{0,60}\])?(?:[ \t]{0,8}\|[ \t]{0,8}None)?"
    r"[ \t]{0,8}=(?=[ \t]|[rbfu]?[\"'`])|[=!]==?|:[=-]|=>|=|:(?![:=]))"
    r"(?P<after>[ \t]{0,60}))"
    r"|(?P<field>[ \t]{0,8},?\s{0,60}[\"']?[vV]alue[\"']?[ \t]{0,8}[:=][ \t]{0,8})"
    r"|(?P<loose>[ \t]{0,8},[ \t]{0,8}(?=[\"'`\\])|\([ \t]{0,8}(?=[\"'`])|[ \t]{1,4}(?:is|was)[ \t:]{1,4})"
    r"|(?P<element>>(?=[^<>\n]{1,4096}</))"
    r"|(?P<prompt>[ \t]?\[[^\]\n]{0,40}\]:[ \t]{0,8})"
    r"|(?P<space>[ \t]{1,60})"
    r")"
)
_LINE_START = re.compile(
    r"(?:\A|[\n\x00{]|\\n)[ \t]*(?:[0-9]+[→:\t|-][ \t]*)?(?:[+<>*|#-][ \t]*){0,3}"
    r"(?:(?:export|set|setenv|declare -x|ENV|ARG|-e|--env)[ \t]+)?[\"']?\Z"
)
_ARGUMENT = re.compile(r"(?:[(\n]|,\s)\s*\Z")
_SPACED_QUALIFIER = re.compile(r"(?i)\b(access|api|secret|private|auth|signing|encryption|account) \Z")
_TAKES_SPACE = re.compile(r"(?:login|machine|user|account)\s+\S+\s+\Z|(?:\A|\s)(?:ENV|setenv)[ \t]+\Z")


class _Place(NamedTuple):
    """A secret name in a text, with what stands around it."""

    text: str
    name: SecretName
    spelled: str
    before: str
    """The text before the name, as far as it is looked at."""
    link: re.Match[str]

    def secret(self, value: Value, *, bare_words: bool) -> Value | None:
        written = self.text[value.start : value.end]
        quoted = value.quoted
        return (
            value if is_written_out(written, certain=self.name.certain, quoted=quoted, bare_words=bare_words) else None
        )

    def strong_secret(self, value: Value) -> Value | None:
        written = self.text[value.start : value.end]
        mixed = len(written) >= _SHORTEST_STRONG and is_mixed(written) and not written.replace(".", "").isdecimal()
        if looks_random(written) or (self.name.certain and mixed and " " not in written):
            return self.secret(value, bare_words=value.quoted)
        return None


def find_assigned(haystack: Haystack, reading: Reading) -> Iterator[Span]:
    """The secrets that names give away, in no promised order and possibly overlapping."""
    for stem in STEMS:
        done = 0
        for start in haystack.places(stem):
            link = _LINK.match(haystack.text, start + stem.startswith(b"_"))
            # Inside a value found already only a name at its very end has more to tell; this keeps the scan linear.
            if link and link.end() >= done and (place := _place(haystack.text, link)):
                for value in _values(place, reading):
                    done = whole(haystack.text, value).end
                    yield Span(value.start, done, place.name.kind)


def _place(text: str, link: re.Match[str]) -> _Place | None:
    lead = text[max(0, link.start() - _LONGEST_LEAD) : link.start()]
    before = lead.rstrip(_NAME_CHARACTERS)
    spelled = lead[len(before) :] + link["word"]
    qualifier = _SPACED_QUALIFIER.search(lead)
    name = secret_name(f"{qualifier[1]}_{spelled}" if qualifier else spelled.lstrip("-"))
    return name and _Place(text, name, spelled, before, link)


def _values(place: _Place, reading: Reading) -> Iterator[Value]:
    if place.text.startswith(("[", "("), place.link.end()):
        yield from filter(place.strong_secret, listed_values(place.text, place.link.end() + 1))
    elif value := _value(place, reading):
        yield value


def _value(place: _Place, reading: Reading) -> Value | None:
    text, position = place.text, place.link.end()
    match place.link.lastgroup:
        case "assigned":
            return _assigned(place, reading)
        case "space":
            return _after_space(place)
        case "loose":
            return place.strong_secret(quoted_value(text, position) or bare_word(text, position))
        case "element":
            return place.secret(Value(position, text.index("</", position), quoted=True), bare_words=True)
        case _:
            return place.secret(quoted_value(text, position) or bare_line(text, position), bare_words=True)


def _assigned(place: _Place, reading: Reading) -> Value | None:
    text, name, link = place.text, place.name, place.link
    position = link.end()
    operator: str = link["operator"]
    if operator[:2] in ("==", "!=", "=>"):
        return place.strong_secret(quoted_value(text, position) or bare_word(text, position))
    exported = operator == "=" and not link["before"] and not link["after"]
    if exported and (name.certain_if_exported or place.before.endswith(("?", "&"))):
        place = place._replace(name=name._replace(certain=True))
    if quoted := quoted_value(text, position):
        return place.secret(quoted, bare_words=True)
    starts_line = _LINE_START.search(place.before) is not None
    if starts_line and name.certain and (block := indented_block(text, position)):
        return block
    configured = starts_line and reading >= Reading.CONFIGURATION
    if exported and not configured:
        word = bare_word(text, position)
        return place.secret(word, bare_words=_is_data(place, word))
    line = bare_line(text, position)
    if configured or (starts_line and name.certain and is_phrase(text[line.start : line.end])):
        return place.secret(line, bare_words=configured or name.kind in ("password", "secret"))
    word = bare_word(text, position, to_space=True)
    alone = starts_line and word == line and text[word.start : word.end].islower()
    return place.secret(word, bare_words=alone and operator == ":" and name.kind == "password")


def _is_data(place: _Place, word: Value) -> bool:
    # `password=hunter` in a query, a shell or a connection string is data; among call arguments it is a variable.
    if place.spelled.isupper():
        return True
    if is_named_after_secret(place.text[word.start : word.end]):
        return False
    return not (_ARGUMENT.search(place.before) and place.text[word.end : word.end + 1] in (",", ")", "\n"))


def _after_space(place: _Place) -> Value | None:
    text, position = place.text, place.link.end()
    quoted = quoted_value(text, position)
    if place.spelled.startswith("-") or _TAKES_SPACE.search(place.before):
        value = quoted or bare_word(text, position)
        # Help texts align their second column: `--token    The token to use`, and name the value: `--token TOKEN`.
        if len(place.link["space"]) > 1 or is_named_after_secret(text[value.start : value.end]):
            return place.strong_secret(value)
        return place.secret(value, bare_words=True)
    if quoted is None or place.link["close"]:
        return None
    return place.secret(quoted, bare_words=True) if place.name.kind == "password" else place.strong_secret(quoted)
