"""Spans on their way out: a bounded queue and a thread of its own, so that a collector that is slow or away costs spans
and never time."""

from __future__ import annotations

import logging
import threading
from collections import deque

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from prometheus_client import Counter

log = logging.getLogger(__name__)

LOST = Counter("spark_spans_lost", "Spans that did not reach the collector, by why", ["reason"])
FULL, REFUSED, ENDED = "queue_full", "not_taken", "stopped"

WAITING_AT_MOST = 4096
"""Some 300 hooks of a dozen spans each: about 8 MB."""
TOGETHER = 512
EVERY_S = 1.0
STOP_S = 0.8
"""What a stop waits for a collector that answered last; for one that did not, it does not wait."""


class SpanQueue(SpanProcessor):
    """Takes spans as they end and hands them on in batches; what finds no room, or no collector, is counted."""

    def __init__(
        self,
        exporter: SpanExporter,
        *,
        most: int = WAITING_AT_MOST,
        together: int = TOGETHER,
        every_s: float = EVERY_S,
        stop_s: float = STOP_S,
    ) -> None:
        self._exporter = exporter
        self._most = most
        self._together = together
        self._every_s = every_s
        self._stop_s = stop_s
        self._waiting: deque[ReadableSpan] = deque()
        self._wanted = threading.Event()
        self._ended = False
        self._away = False
        for reason in (FULL, REFUSED, ENDED):
            LOST.labels(reason)
        self._thread = threading.Thread(target=self._run, name="spans", daemon=True)
        self._thread.start()

    def on_end(self, span: ReadableSpan) -> None:
        """Takes a span; never waits."""
        if span.context is None or not span.context.trace_flags.sampled:
            return
        if self._ended or len(self._waiting) >= self._most:
            LOST.labels(ENDED if self._ended else FULL).inc()
            return
        self._waiting.append(span)
        if len(self._waiting) >= self._together:
            self._wanted.set()

    def shutdown(self) -> None:
        """Sends what waits and ends, within a second; what cannot be sent by then is counted as lost."""
        if self._ended:
            return
        self._ended = True
        self._wanted.set()
        if not self._away:
            self._thread.join(self._stop_s)
        self._exporter.shutdown()
        LOST.labels(ENDED).inc(len(self._waiting))

    def _run(self) -> None:
        while not self._ended:
            self._wanted.wait(self._every_s)
            self._wanted.clear()
            while self._waiting:
                self._send([self._waiting.popleft() for _ in range(min(self._together, len(self._waiting)))])
                if self._ended and self._away:
                    return

    def _send(self, batch: list[ReadableSpan]) -> None:
        try:
            taken = self._exporter.export(batch) is SpanExportResult.SUCCESS
        except Exception:
            # Whatever it is, it must not end this thread.
            taken = False
        if not taken:
            LOST.labels(REFUSED).inc(len(batch))
            # Said once, until it takes spans again.
            if not self._away and not self._ended:
                log.warning("the collector of traces takes no spans", extra={"action": "spans_lost"})
        elif self._away:
            log.info("the collector of traces takes spans again", extra={"action": "spans_taken"})
        self._away = not taken
