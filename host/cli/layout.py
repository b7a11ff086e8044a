"""Text that fits the terminal: wrapped by the room it takes on the screen, free of what would command the terminal."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime

import click
from rich.console import Console
from rich.text import Text

WIDEST = 100
"""Columns; longer lines are hard to read however wide the terminal is."""
NARROWEST = 40
LABEL_COLUMNS = 11

_measure = Console(file=None, width=WIDEST)


def width() -> int:
    """Columns to fill: those of the terminal, or of COLUMNS, 80 where there is no terminal."""
    return max(NARROWEST, min(shutil.get_terminal_size().columns, WIDEST))


def printable(text: str) -> str:
    """The text without control characters: what a tool printed must not move the cursor."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def wrapped(text: str, first: str = "", rest: str | None = None) -> str:
    """The text in lines, the first one behind `first`, the others behind `rest` or as many spaces."""
    later = " " * len(first) if rest is None else rest
    room = width() - max(len(first), len(later))
    lines = [line.plain.rstrip() for line in Text(printable(text)).wrap(_measure, room)]
    return "\n".join((later if number else first) + line for number, line in enumerate(lines)) or first.rstrip()


def say(text: str, first: str = "", rest: str | None = None) -> None:
    """Prints text wrapped."""
    click.echo(wrapped(text, first, rest))


def warn(text: str) -> None:
    """Prints a warning, beside what was asked for."""
    click.echo(wrapped(f"Warning: {text}", rest="  "), err=True)


def row(label: str, value: str) -> None:
    """Prints a value behind its label."""
    say(value, f"{label:<{LABEL_COLUMNS}} ")


def path_row(label: str, path: object) -> None:
    """Prints a path, an address or an id behind its label, whole: broken, it could not be copied."""
    click.echo(f"{label:<{LABEL_COLUMNS}} {printable(str(path))}")


def local_time(moment: datetime) -> str:
    """A moment by the clock of this machine, to the second."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def span(seconds: float) -> str:
    """A length of time in its largest unit."""
    for unit, size in (("day", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''}"
    return f"{max(0, int(seconds))} s"


def ago(moment: datetime) -> str:
    """How long ago a moment was."""
    return f"{span((datetime.now(UTC) - moment).total_seconds())} ago"


def milliseconds(microseconds: int) -> str:
    """A short time in milliseconds."""
    return f"{microseconds / 1000:.1f} ms"


def short(name: str) -> str:
    """Enough of an id to tell it from others."""
    return printable(name)[:8]


def count(number: int, one: str, many: str = "") -> str:
    """A number of things: `1 lesson`, `2 lessons`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def times(number: int) -> str:
    """How often: `once`, `3 times`."""
    return "once" if number == 1 else f"{number} times"
