"""Figures and times as pages show them. Pure but for the zone of this machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.timestamps import to_datetime

NONE = "–"
SHORT_ID = 8
TURNING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], "\ufffd")
"""What turns the order of the letters after it round, so that a command looks like another one."""
UNITS = ((86_400, "d"), (3600, "h"), (60, "min"))
LARGE = ((1_000_000_000, "G"), (1_000_000, "M"), (10_000, "k"))


def number(value: float) -> str:
    """A whole number with its thousands apart."""
    return f"{value:,.0f}".replace(",", "\u202f")


def compact(value: float) -> str:
    """A number in at most five characters, for an axis."""
    for size, letter in LARGE:
        if value >= size:
            unit = 1000 if letter == "k" else size
            return f"{value / unit:.3g}\u202f{letter}"
    return f"{value:.3g}" if value < 1000 else number(value)


def share(part: float, whole: float) -> str:
    """A part of a whole in percent; a dash of nothing."""
    return percent(part / whole) if whole else NONE


def percent(value: float | None) -> str:
    """A share from 0 to 1 in percent."""
    if value is None:
        return NONE
    digits = 2 if 0.99 < value < 1 else 1
    # All but a few is not all.
    most = 99.99 if value < 1 else 100 * value
    return f"{min(100 * value, most):.{digits}f}".rstrip("0").rstrip(".") + "\u202f%"


def milliseconds(microseconds: float) -> str:
    """A time given in microseconds, in the unit that a reader thinks in."""
    if microseconds >= 10_000_000:
        return f"{microseconds / 1e6:.0f}\u202fs"
    if microseconds >= 1_000_000:
        return f"{microseconds / 1e6:.1f}\u202fs"
    digits = 0 if microseconds >= 100_000 else 1
    return f"{microseconds / 1000:.{digits}f}\u202fms"


def money(microusd: float) -> str:
    """Millionths of a US dollar as dollars."""
    dollars = microusd / 1e6
    return f"${dollars:.2f}" if dollars >= 0.1 or not dollars else f"${dollars:.4f}"


def local(stamp: Timestamp) -> datetime:
    """A time by the clock of this machine."""
    return to_datetime(stamp).astimezone()


def clock(stamp: Timestamp) -> str:
    """The time of day, to the second."""
    return local(stamp).strftime("%H:%M:%S")


def moment(stamp: Timestamp) -> str:
    """Day and time, to the second."""
    return local(stamp).strftime("%Y-%m-%d %H:%M:%S")


def iso(stamp: Timestamp) -> str:
    """The time for a program, in UTC."""
    return to_datetime(stamp).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def span(seconds: float) -> str:
    """A length of time in its largest unit."""
    for size, unit in UNITS:
        if seconds >= size:
            return f"{int(seconds // size)}\u202f{unit}"
    return f"{max(0, int(seconds))}\u202fs"


def ago(stamp: Timestamp) -> str:
    """How long ago a time was; a dash for none."""
    if not stamp.seconds:
        return NONE
    return f"{span((datetime.now(UTC) - to_datetime(stamp)).total_seconds())} ago"


def zone() -> str:
    """The name of the zone in which times are shown."""
    return datetime.now().astimezone().tzname() or "local time"


def short(name: str) -> str:
    """Enough of an id to tell it from others."""
    return name if len(name) <= SHORT_ID + 2 else f"{name[:SHORT_ID]}…"


def one_line(text: str, limit: int) -> str:
    """A text on one line, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def in_order(value: object) -> object:
    """What is put into a page, its letters in the order in which they are written."""
    return value if not isinstance(value, str) or value.isascii() else value.translate(TURNING)


def many(count: int, one: str, more: str = "") -> str:
    """A number of things: `1 lesson`, `2 lessons`."""
    return f"{number(count)} {one if count == 1 else more or one + 's'}"


def times(count: int) -> str:
    """How often: `once`, `3 times`."""
    return "once" if count == 1 else f"{number(count)} times"


def with_names(roots: Mapping[str, str], project_ids: Iterable[str]) -> dict[str, str]:
    """Projects to choose from: those known by their folders, and those that are seen without one."""
    nameless = {each: "" for each in project_ids if each not in roots}
    return {**dict(sorted(roots.items(), key=lambda each: each[1])), **nameless}


def project_name(roots: Mapping[str, str], project_id: str) -> str:
    """A project as its user knows it: the last part of its folder, else its id."""
    root = roots.get(project_id, "")
    return root.rstrip("/").rpartition("/")[2] or short(project_id)
