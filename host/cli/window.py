"""The window that a report is of, and the one of the same length before it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

UNITS = {"min": "minute", "h": "hour", "d": "day", "w": "week"}
LONGEST = timedelta(days=3660)
SPAN = re.compile(r"(\d{1,6})(min|h|d|w)")


@dataclass(frozen=True)
class Window:
    """From when to when, in UTC."""

    since: datetime
    until: datetime
    fixed: bool
    """Whether its beginning is a date, and does not move on with the time of the report."""
    words: str

    @property
    def before(self) -> Window:
        """The window of the same length that ends where this one begins."""
        return Window(self.since - (self.until - self.since), self.since, self.fixed, f"before {self.words}")


def window_from(text: str, now: datetime) -> Window:
    """The window that a user names, by its length (`90min`, `24h`, `7d`, `2w`) or its first day (`2026-01-31`, UTC).

    Raises:
        ValueError: for what is neither, a length of nothing or of more than ten years, or a day yet to come.
    """
    if found := SPAN.fullmatch(text):
        number, unit = int(found[1]), UNITS[found[2]]
        length = timedelta(**{f"{unit}s": number})
        if not timedelta() < length <= LONGEST:
            raise ValueError(f"{text} is not between a minute and ten years")
        words = f"last {number} {unit}s" if number > 1 else f"last {unit}"
        return Window(now - length, now, False, words)
    try:
        first = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise ValueError(f"{text!r} is neither a length such as 24h or 7d nor a day such as 2026-01-31") from None
    if not now - LONGEST <= first < now:
        raise ValueError(f"{text} does not lie in the last ten years")
    return Window(first, now, True, f"since {text}")
