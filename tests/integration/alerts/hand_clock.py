"""A clock that a test sets."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


@dataclass
class HandClock:
    """Goes on when it is told to."""

    at: datetime = field(default_factory=lambda: datetime(2026, 3, 1, 12, tzinfo=UTC))

    def now(self) -> datetime:
        """The time that the test says it is."""
        return self.at

    def go_on(self, by: timedelta) -> None:
        """Lets time pass."""
        self.at += by
