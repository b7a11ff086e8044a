"""The circuit breaker of what may be away. Pure: the caller says what time it is, by a clock that only rises, in s."""

from __future__ import annotations

from enum import Enum

FAILURES = 3
"""Failures in a row that open it."""
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 30.0
"""The pause doubles with each trial that fails, up to here: a server that restarts is back within half a minute."""


class Circuit(Enum):
    """Closed lets all through, open nothing, half-open one trial."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Breaker:
    """Opens after some failures in a row, or at once when told; closes when a trial succeeds.

    What requests report counts while it is closed only: they may have begun before it opened.
    """

    def __init__(
        self, failures: int = FAILURES, first_pause_s: float = FIRST_PAUSE_S, longest_pause_s: float = LONGEST_PAUSE_S
    ) -> None:
        self._limit = failures
        self._first = first_pause_s
        self._longest = longest_pause_s
        self._failures = 0
        self._pause = first_pause_s
        self.circuit = Circuit.CLOSED
        self.trial_at = 0.0
        """When it may be tried again, while it is open."""

    def succeeded(self) -> None:
        """A request came to its end."""
        if self.circuit is Circuit.CLOSED:
            self._failures = 0

    def failed(self, now: float) -> None:
        """A request failed, and not by its own fault."""
        if self.circuit is Circuit.CLOSED:
            self._failures += 1
            if self._failures >= self._limit:
                self._open(now)

    def trip(self, now: float) -> None:
        """What stands behind it is gone: there is nothing to wait for."""
        if self.circuit is Circuit.CLOSED:
            self._open(now)

    def begin_trial(self, now: float) -> bool:
        """Whether the one trial may begin now."""
        if self.circuit is not Circuit.OPEN or now < self.trial_at:
            return False
        self.circuit = Circuit.HALF_OPEN
        return True

    def trial_succeeded(self) -> None:
        """The trial worked: all is as if nothing had been."""
        if self.circuit is Circuit.HALF_OPEN:
            self.circuit, self._failures, self._pause = Circuit.CLOSED, 0, self._first

    def trial_failed(self, now: float) -> None:
        """The trial failed: the next one waits twice as long."""
        if self.circuit is Circuit.HALF_OPEN:
            self._pause = min(2 * self._pause, self._longest)
            self._open(now)

    def _open(self, now: float) -> None:
        self.circuit, self.trial_at = Circuit.OPEN, now + self._pause
