"""How preparing does: hits, lead time, latency; as metrics, and for whoever asks."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from statistics import median

from prometheus_client import Counter, Gauge, Histogram

from services.prefetch.model import Place

PREPARED = Counter("spark_prefetch_jobs", "Preparations by how they ended", ["end"])
CAME = Counter("spark_prefetch_calls", "Calls that came back, by whether they were prepared for", ["prepared"])
LEAD = Histogram(
    "spark_prefetch_lead_seconds",
    "Time between a preparation and the call it was for",
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300),
)
LATENCY = Histogram(
    "spark_prefetch_latency_seconds",
    "Time from a moment to the preparation made after it",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5),
)
WAITING = Gauge("spark_prefetch_waiting", "Preparations that were asked for and are not done")
PAUSED = Gauge("spark_prefetch_paused", "1 while nothing is prepared")

REMEMBERED = 1024


class Performance:
    """Counts of this process."""

    def __init__(self) -> None:
        self.prepared = 0
        self.overtaken = 0
        self.failed = 0
        self.hits = 0
        self.misses = 0
        self._ready: OrderedDict[Place, float] = OrderedDict()
        self._leads: deque[float] = deque(maxlen=REMEMBERED)
        self._latencies: deque[float] = deque(maxlen=REMEMBERED)

    def came(self, place: Place, *, expected: bool) -> None:
        """Counts a call that came back, and how long what it was prepared for lay ready."""
        # What was made ready stands for one call: the next one needs its own.
        ready = self._ready.pop(place, None)
        CAME.labels("yes" if expected and ready is not None else "no").inc()
        if not expected or ready is None:
            self.misses += 1
            return
        self.hits += 1
        lead = time.monotonic() - ready
        self._leads.append(lead)
        LEAD.observe(lead)

    def stored(self, place: Place, seconds: float) -> None:
        """Counts a preparation that is stored, so many seconds after it was asked for."""
        PREPARED.labels("stored").inc()
        self.prepared += 1
        self._latencies.append(seconds)
        LATENCY.observe(seconds)
        self._ready.pop(place, None)
        self._ready[place] = time.monotonic()
        if len(self._ready) > REMEMBERED:
            self._ready.popitem(last=False)

    def passed_over(self, jobs: int) -> None:
        """Counts jobs that later ones of their sessions made needless."""
        if jobs:
            PREPARED.labels("overtaken").inc(jobs)
            self.overtaken += jobs

    def lost(self) -> None:
        """Counts a job that failed."""
        PREPARED.labels("failed").inc()
        self.failed += 1

    @property
    def lead_p50_us(self) -> int:
        """Median lead, microseconds; 0 while there is none."""
        return int(median(self._leads) * 1e6) if self._leads else 0

    @property
    def latency_p50_us(self) -> int:
        """Median latency, microseconds; 0 while there is none."""
        return int(median(self._latencies) * 1e6) if self._latencies else 0
