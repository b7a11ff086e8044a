"""What this process's counters were in the past, as far back as the longest span of an alert, in bounded memory."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import datetime, timedelta

from chassis.figures import Buckets
from chassis.measures import Selector
from host.alerts.readings import Reading

FINE = timedelta(minutes=70)
"""For which every reading is kept: a bit longer than the spans whose alerts wake somebody."""
COARSE = timedelta(minutes=5)
"""The distance of older readings: a span of hours may begin so much too early, which moves a share by 4 % of itself at
most, that of 2 h, and keeps three days in 900 readings."""


Kept = tuple[datetime, Reading]


class History:
    """Readings in their order. A process's own counters begin at 0 and never go back."""

    def __init__(self, longest: timedelta) -> None:
        self._longest = longest
        self._old: list[Kept] = []
        self._fine: list[Kept] = []

    def __len__(self) -> int:
        return len(self._old) + len(self._fine)

    @property
    def latest(self) -> Reading:
        """The newest reading."""
        return self._fine[-1][1] if self._fine else Reading()

    def add(self, at: datetime, reading: Reading) -> None:
        """Takes a reading; those that are not earlier (the clock was set back) are dropped for it."""
        for kept in (self._old, self._fine):
            del kept[bisect_left(kept, at, key=time_of) :]
        self._fine.append((at, reading))
        leaving = bisect_right(self._fine, at - FINE, key=time_of)
        for kept in self._fine[:leaving]:
            self._keep(kept)
        del self._fine[:leaving]
        # The last of those too old is where the longest span begins.
        expired = bisect_right(self._old, at - self._longest, key=time_of)
        del self._old[: max(0, expired - 1)]

    def increase(self, series: Selector, over: timedelta) -> float:
        """By how much counters grew in the span before the newest reading."""
        return self.latest.counters.get(series, 0.0) - self._before(over).counters.get(series, 0.0)

    def buckets(self, series: Selector, over: timedelta) -> Buckets:
        """What the buckets of a histogram took in, in the span before the newest reading."""
        old = dict(self._before(over).histograms.get(series, ()))
        return tuple((edge, count - old.get(edge, 0.0)) for edge, count in self.latest.histograms.get(series, ()))

    def _keep(self, kept: Kept) -> None:
        """Keeps an old reading; in place of the one before it, where that is too close to its own neighbour."""
        if len(self._old) > 1 and kept[0] - self._old[-2][0] < COARSE:
            self._old[-1] = kept
        else:
            self._old.append(kept)

    def _before(self, over: timedelta) -> Reading:
        """The reading at which a span begins; before the first one everything was 0."""
        if not self._fine:
            return Reading()
        begins = self._fine[-1][0] - over
        for kept in (self._fine, self._old):
            place = bisect_right(kept, begins, key=time_of)
            if place:
                return kept[place - 1][1]
        return Reading()


def time_of(kept: Kept) -> datetime:
    """When a reading was taken."""
    return kept[0]
