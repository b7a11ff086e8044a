"""Secrets that a grammar gives away: URLs with a password, HTTP headers, cookies and command-line options."""

import re
from collections.abc import Iterator

from gateway.redaction.haystack import Haystack
from gateway.redaction.spans import Reading, Span
from gateway.redaction.values import is_written_out, looks_random

_USER_INFO = re.compile(
    r"://(?P<user>[^\s:@/\"'<>\\?#\[\]]{0,128})"
    r"(?::(?:(?P<password>[^\s\"'<>/?#\\]{1,512})|(?!\d{1,5}/)(?P<slashed>[^\s\"'<>\\]{1,512}))@|@)(?=[\w\[.$%{-])"
)
# From the name of a header, quoted or not, to its value, in a request, a mapping or a call's arguments.
_HEADER = r"(?:\\{0,7}[\"'])?(?:\]?[ \t]{0,8}[:=]|,(?=[ \t]{0,8}f?\\{0,7}[\"'`]))[ \t]{0,8}f?(?:\\{0,7}[\"'`])?"
_BEARER = re.compile(r"(?:bearer|basic)[ \t]{1,8}(?P<value>[A-Za-z0-9._~+/=-]{12,})", re.IGNORECASE)
_COOKIE = re.compile(rf"cookie{_HEADER}(?P<pairs>[^\"'`\r\n\x00]+)", re.IGNORECASE)
_COOKIE_PAIR = re.compile(r"(?P<name>[^\s=;,:]+)=(?P<value>[^;\s]+)")
_COOKIE_ATTRIBUTES = frozenset(("path", "domain", "max-age", "expires", "samesite", "version", "priority"))

_ARGUMENT = r"[\"']?(?P<value>[^\s\"'\x00]+)"
# How far from its program an option is looked for, in characters: a bound that keeps the scan linear.
_OPTION = r"[^\n|;\x00]{0,240}?[ \t]"
_USER_OPTION = rf"{_OPTION}(?:-[a-zA-Z]{{0,6}}u[ \t]*|--(?:proxy-)?user[ \t=]+)[\"']?[^\s:\"'$]{{0,128}}:"

_SCHEME = r"(?:bearer|basic|token|digest|apikey|api-key|negotiate|bot|key)"

# What must occur for the row to be tried, what its pattern begins with (case ignored), the rest of the pattern with
# the secret in the group `value`, and its kind.
_ROWS: tuple[tuple[str, str, str, str], ...] = (
    ("auth", "authorization", rf"{_HEADER}{_SCHEME}[ \t:=]{{1,8}}(?P<value>[^\s\"'`\\\x00]{{4,}})", "authorization"),
    (
        "auth",
        "authorization",
        rf"{_HEADER}(?!{_SCHEME}\b)(?P<value>(?=[^\s0-9]{{0,64}}[0-9])[^\s\"'`\\,;()\x00]{{12,}})",
        "authorization",
    ),
    ("auth", "masterauth", rf"[ \t]+{_ARGUMENT}", "password"),
    ("pass", "sshpass", rf"\b{_OPTION}(?-i:-p)[ \t]*{_ARGUMENT}", "password"),
    ("pass", "requirepass", rf"[ \t]+{_ARGUMENT}", "password"),
    ("pass", " -pass", rf"(?:in|out)?[ \t]+[\"']?pass:{_ARGUMENT}", "password"),
    (" -", "curl", rf"\b{_USER_OPTION}{_ARGUMENT}", "password"),
    (" -", "curl", rf"\b{_OPTION}(?:-b|--cookie)[ \t=]*[\"']?[^\s=;\"']{{1,128}}={_ARGUMENT}", "cookie"),
    (" -", "mysql", rf"\w*\b{_OPTION}(?-i:-p){_ARGUMENT}", "password"),
    (" -", "mariadb", rf"[\w-]*{_OPTION}(?-i:-p){_ARGUMENT}", "password"),
    (" -", "mongo", rf"\w*\b{_OPTION}(?-i:-p)[ \t]*{_ARGUMENT}", "password"),
    (" -", "login", rf"\b{_OPTION}(?-i:-p)[ \t]*{_ARGUMENT}", "password"),
    (" -", "redis-cli", rf"\b{_OPTION}-a[ \t]*{_ARGUMENT}", "password"),
    (
        "identified",
        "identified",
        r"\s{1,8}(?:with\s{1,8}\S{1,64}\s{1,8})?by\s{1,8}(?:password\s{1,8})?[\"'](?P<value>[^\"'\n\x00]+)",
        "password",
    ),
)
_GRAMMARS = {
    gate.encode(): tuple(
        (needle.encode(), re.compile(needle + rest, re.IGNORECASE), kind)
        for row_gate, needle, rest, kind in _ROWS
        if row_gate == gate
    )
    for gate in dict.fromkeys(row[0] for row in _ROWS)
}
_PGPASS = re.compile(r"^[^\s:]{1,128}:(?:[0-9]{2,5}|\*):[^\s:]{1,128}:[^\s:]{1,128}:(?P<value>\S+)$", re.MULTILINE)


def find_credentials(haystack: Haystack, reading: Reading) -> Iterator[Span]:
    """The credentials of a text, in no promised order and possibly overlapping."""
    text, lower, _ = haystack
    if b"@" in lower:
        yield from _user_infos(haystack)
    for gate, rows in _GRAMMARS.items():
        if gate in lower:
            for needle, pattern, kind in rows:
                for place in haystack.places(needle):
                    if (match := pattern.match(text, place)) and _is_written_out(match["value"]):
                        yield Span(*match.span("value"), kind)
    for needle in (b"bearer", b"basic"):
        for place in haystack.places(needle):
            if (match := _BEARER.match(text, place)) and looks_random(match["value"]):
                yield Span(*match.span("value"), "authorization")
    done = 0
    for place in haystack.places(b"cookie"):
        if place >= done and (cookie := _COOKIE.match(text, place)):
            done = cookie.end()
            for pair in _COOKIE_PAIR.finditer(text, *cookie.span("pairs")):
                if pair["name"].lower() not in _COOKIE_ATTRIBUTES and _is_written_out(pair["value"]):
                    yield Span(*pair.span("value"), "cookie")
    if reading >= Reading.CONFIGURATION:
        for match in _PGPASS.finditer(text):
            yield Span(*match.span("value"), "password")


def _is_written_out(value: str) -> bool:
    return is_written_out(value, certain=True, quoted=False, bare_words=True)


def _user_infos(haystack: Haystack) -> Iterator[Span]:
    for place in haystack.places(b"://"):
        match = _USER_INFO.match(haystack.text, place)
        if match is None:
            continue
        group = "password" if match["password"] else "slashed" if match["slashed"] else "user"
        value = match[group]
        # A lone user name is the rule for ssh and the exception for tokens.
        if (
            looks_random(value)
            if group == "user"
            else is_written_out(value, certain=True, quoted=True, bare_words=True)
        ):
            yield Span(*match.span(group), "url-password")
