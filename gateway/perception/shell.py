"""What a shell command runs: its simple commands, and the one that matters."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field, replace
from itertools import takewhile

from gateway.perception.programs import (
    ALIASES,
    DIRECTORY_OPTIONS,
    FILTERS,
    HEADERS,
    INTERPRETERS,
    OPERAND_PROGRAMS,
    PREPARATION,
    PREPARATION_SUBCOMMANDS,
    RESERVED,
    RUNNER_PROGRAMS,
    RUNNERS,
    SCAFFOLDING,
    SCRIPT_SUFFIXES,
    SHELLS,
    SUBCOMMAND_PROGRAMS,
    VALUED_OPTIONS,
    WRAPPERS,
    Prefix,
)
from gateway.perception.shell_words import OPERATORS, unquote, words

MAX_SEGMENTS = 64
"""Simple commands read from one call: more than any hand-written one-liner has."""

_MAX_WORDS = 128
_MAX_SCRIPTS = 3
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
_VERSION_SUFFIX = re.compile(r"(python|pip|pypy|ruby|perl|php|lua|clang|gcc|g\+\+)-?\d+(?:\.\d+)*")
_SUBCOMMAND = re.compile(r"[a-z][a-z0-9_:-]{0,30}")
_NO_VALUES: frozenset[str] = frozenset()
_SEPARATORS = frozenset({";", "\n", "&&"})
_PIPES = frozenset({"|", "|&"})


@dataclass(frozen=True, slots=True)
class Segment:
    """One simple command, seen through wrappers (`timeout`, `env`) and runners (`uv run`, `npx`, `sudo`).

    `program` is its base name without a version (`python3.11` is `python`), `words` are the unquoted words from the
    program on, `directory` is where it runs as far as a `cd` before it or an option such as `-C` says ("" when
    neither does), `text` is it as written without wrappers and redirections, `piped` that it reads another's output,
    `conclusive` that the whole can only exit with 0 when this command did.
    """

    program: str
    subcommand: str
    words: tuple[str, ...]
    directory: str
    assignments: tuple[str, ...]
    text: str
    piped: bool
    conclusive: bool = True


def segments(command: str) -> tuple[Segment, ...]:
    """The simple commands of a shell text in the order they are written, at most `MAX_SEGMENTS`; it never raises."""
    return tuple(_segments(command, "", 0)[:MAX_SEGMENTS])


def principal(command: str) -> Segment | None:
    """The simple command that matters: not the scaffolding around it, nor a filter behind it; None if there is none."""
    return principal_of(segments(command))


def principal_of(found: tuple[Segment, ...]) -> Segment | None:
    """The one of these simple commands that matters; among equals the first."""
    return max(found, key=_weight, default=None)


def _weight(segment: Segment) -> int:
    program = segment.program
    if not program:
        return -1
    if program in SCAFFOLDING:
        return 0
    if segment.piped and program in FILTERS:
        return 1
    if program in PREPARATION or (program, segment.subcommand) in PREPARATION_SUBCOMMANDS:
        return 2
    return 3


def _segments(command: str, directory: str, depth: int) -> list[Segment]:
    found: list[Segment] = []
    outer: list[str] = []
    piped = False
    simple: list[str] = []
    # What stands before the first command belongs to no other: a group that begins there shuts `set` in.
    spans = [_Span(0, 0)]
    doubtful = False
    for word in (*words(command), "\n"):
        if word not in OPERATORS:
            if len(simple) < _MAX_WORDS:
                simple.append(word)
            continue
        if simple:
            read = _read(simple, directory, piped, depth)
            doubtful = doubtful or simple[0] in RESERVED or simple[0] in HEADERS
            spans.append(_Span(len(found), len(found) + len(read)))
            simple = []
            found.extend(read)
            if len(found) >= MAX_SEGMENTS:
                doubtful = True
                break
            if len(read) == 1 and read[0].program in ("cd", "pushd"):
                directory = _entered(directory, read[0].words)
        if word == "(":
            outer.append(directory)
        elif word == ")" and outer:
            directory = outer.pop()
        spans[-1].behind.append(word)
        piped = word in _PIPES or (piped and word == "(")
    return _judged(found, spans, doubtful=doubtful)


@dataclass(slots=True)
class _Span:
    """The segments of one simple command, and the operators between it and the next."""

    start: int
    end: int
    behind: list[str] = field(default_factory=list[str])


def _judged(found: list[Segment], spans: list[_Span], *, doubtful: bool) -> list[Segment]:
    """The segments, each with the word whether it must have worked where the whole did.

    From the end: the last pipeline decides, and with it whatever `&&` ties to it. Where one of several may do (`||`,
    `if`), one runs on (`&`) or a group is piped, nothing is said of any.
    """
    operators = {word for span in spans for word in span.behind}
    grouped = any(")" in span.behind and not _PIPES.isdisjoint(span.behind) for span in spans)
    if doubtful or grouped or "||" in operators or "&" in operators:
        return [replace(segment, conclusive=False) for segment in found]
    options = _options(found, spans)
    # In a list with `&&` not every command that fails stops the shell, nor does each run.
    stops_at_error = "&&" not in operators and any(
        word == "errexit" or (word[0:1] == "-" and "e" in word) for word in options
    )
    tied = ended = True
    for span in reversed(spans):
        alone = True
        if span is not spans[-1]:
            if not _PIPES.isdisjoint(span.behind):
                alone = "pipefail" in options
            elif "&&" in span.behind:
                ended = tied
            else:
                tied, ended = False, stops_at_error
        if not (alone and ended):
            for at in range(span.start, span.end):
                found[at] = replace(found[at], conclusive=False)
    return found


def _options(found: list[Segment], spans: list[_Span]) -> set[str]:
    """What `set` at the very beginning asks for, for the whole of it."""
    options: set[str] = set()
    for span in spans[1:] if "(" not in spans[0].behind else ():
        words_of_set = found[span.start].words if span.end == span.start + 1 else ()
        if words_of_set[:1] != ("set",) or not _SEPARATORS.issuperset(span.behind):
            break
        options.update(words_of_set[1:])
    return options


def _entered(directory: str, cd: tuple[str, ...]) -> str:
    operands = [word for word in cd[1:] if not word.startswith("-") or word == "-"]
    if len(operands) != 1:
        return "" if operands else "~"
    return _joined(directory, operands[0])


def _joined(directory: str, into: str) -> str:
    if into == "-":
        return ""
    if not directory or into.startswith(("/", "~", "$")):
        return into
    return posixpath.normpath(f"{directory}/{into}")


def _read(raw: list[str], directory: str, piped: bool, depth: int) -> list[Segment]:
    values = [unquote(word) for word in raw]
    count = len(values)
    at = 0
    while at < count and values[at] in RESERVED:
        at += 1
    if at < count and values[at] in HEADERS:
        return []
    assignments: list[str] = []
    kept: list[str] = []
    while at < count:
        if _ASSIGNMENT.match(values[at]):
            assignments.append(values[at])
            kept.append(raw[at])
            at += 1
            continue
        name = _name(values[at])
        if name in WRAPPERS:
            if name == "command" and values[at + 1 : at + 2] in (["-v"], ["-V"]):
                break
            behind = _behind(values, at + 1, WRAPPERS[name])
            if behind >= count:
                if name == "time":
                    # A subshell follows, as in `time (make all)`.
                    return []
                break
            at = behind
            continue
        if name not in RUNNER_PROGRAMS:
            break
        behind = _behind_runner(name, values, at)
        if behind is None or behind >= count:
            break
        kept.extend(raw[at:behind])
        at = behind
    if at >= count:
        return [Segment("", "", (), directory, tuple(assignments), "", piped)] if assignments else []
    name = _name(values[at])
    if name in SHELLS:
        inner = _shell_call(values, at)
        if inner is not None and depth < _MAX_SCRIPTS:
            return [_within(segment, assignments, kept) for segment in _segments(inner, directory, depth + 1)]
    return [_segment(name, raw, values, at, directory, assignments, kept, piped)]


def _within(segment: Segment, assignments: list[str], kept: list[str]) -> Segment:
    if not kept:
        return segment
    text = " ".join((*kept, segment.text))
    return replace(segment, assignments=(*assignments, *segment.assignments), text=text)


def _name(word: str) -> str:
    name = word.rstrip("/").rpartition("/")[2] if "/" in word else word
    if name.endswith(".exe"):
        name = name[:-4]
    if name[-1:].isdigit() and (versioned := _VERSION_SUFFIX.fullmatch(name)):
        name = versioned[1]
    return ALIASES.get(name, name)


def _behind(values: list[str], at: int, prefix: Prefix) -> int:
    operands = prefix.operands
    while at < len(values):
        value = values[at]
        if value == "--":
            return at + 1 + operands
        if value.startswith("-"):
            at += 2 if value in prefix.valued else 1
        elif operands:
            operands -= 1
            at += 1
        else:
            break
    return at


def _behind_runner(name: str, values: list[str], at: int) -> int | None:
    if alone := RUNNERS.get((name, "")):
        return _behind(values, at + 1, alone)
    verb = values[at + 1] if at + 1 < len(values) else ""
    runner = RUNNERS.get((name, verb))
    return None if runner is None else _behind(values, at + 2, runner)


def _shell_call(values: list[str], at: int) -> str | None:
    """The script text of `bash -c TEXT`, the call of `bash script.sh ARGS`; None for a bare shell."""
    for index in range(at + 1, len(values)):
        value = values[index]
        if value.startswith("-") and not value.startswith("--"):
            if "c" in value[1:]:
                return values[index + 1] if index + 1 < len(values) else None
        elif not value.startswith("-"):
            return None
    return None


def _segment(
    name: str,
    raw: list[str],
    values: list[str],
    at: int,
    directory: str,
    assignments: list[str],
    kept: list[str],
    piped: bool,
) -> Segment:
    words_from = tuple(values[at:])
    text = " ".join((*kept, *raw[at:]))
    if name in SHELLS:
        script = next((value for value in words_from[1:] if not value.startswith("-")), "")
        if script:
            name = _name(script)
        return Segment(name, "", words_from, directory, tuple(assignments), text, piped)
    if name.endswith(".py") and kept and name == values[at]:
        # `uv run tool.py` is `python tool.py`.
        return Segment("python", "", words_from, directory, tuple(assignments), text, piped)
    subcommand = ""
    if len(words_from) > 1:
        if name in INTERPRETERS:
            subcommand = _module(words_from) if name == "python" else ""
        elif name not in OPERAND_PROGRAMS and not name.endswith(SCRIPT_SUFFIXES):
            subcommand, option_directory = _subcommand(name, words_from)
            if option_directory:
                directory = _joined(directory, option_directory)
    return Segment(name, subcommand, words_from, directory, tuple(assignments), text, piped)


def _module(call: tuple[str, ...]) -> str:
    options = list(takewhile(lambda word: word.startswith("-") and word not in ("-", "--"), call[1:]))
    index = len(options)
    if options and options[-1] == "-m" and index + 1 < len(call):
        return f"-m {call[index + 1]}"
    return ""


def _subcommand(name: str, call: tuple[str, ...]) -> tuple[str, str]:
    directory_options = DIRECTORY_OPTIONS.get(name, _NO_VALUES)
    valued = VALUED_OPTIONS.get(name, _NO_VALUES)
    known = name in SUBCOMMAND_PROGRAMS
    subcommand = directory = ""
    at = 1
    while at < len(call):
        word = call[at]
        at += 1
        if word.startswith("-"):
            option, equals, value = word.partition("=")
            if option in directory_options:
                directory = value if equals else call[at] if at < len(call) else ""
                at += not equals
            elif not equals and option in valued:
                at += 1
            if word == "--":
                break
        elif not subcommand:
            if known and word.startswith("+"):
                # A toolchain, as in `cargo +nightly build`.
                continue
            if _ASSIGNMENT.match(word):
                # A variable, as in `make CC=clang all`.
                continue
            if known or _SUBCOMMAND.fullmatch(word):
                subcommand = word
            if not directory_options:
                break
    return (subcommand if len(subcommand) <= 40 else ""), directory
