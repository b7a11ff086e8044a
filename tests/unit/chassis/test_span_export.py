"""The queue of spans: bounded, counted where it loses any, and no burden to whoever ends a span or the process."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator, Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Tracer
from prometheus_client import REGISTRY

from chassis.span_export import ENDED, FULL, REFUSED, SpanQueue

PATIENCE_S = 10.0


class Far(SpanExporter):
    """Where spans go: takes them once it is `open`, or refuses them."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.open = threading.Event()
        self.at_work = threading.Event()
        self.refuses = refuses
        self.names: list[str] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.at_work.set()
        self.open.wait()
        if self.refuses:
            return SpanExportResult.FAILURE
        self.names += [span.name for span in spans]
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        self.open.set()


@pytest.fixture
def far() -> Generator[Far]:
    far = Far()
    yield far
    far.open.set()


def queue_to(far: Far, *, most: int = 1000, together: int = 1) -> tuple[SpanQueue, Tracer]:
    queue = SpanQueue(far, most=most, together=together, every_s=0.01, stop_s=0.2)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(queue)
    return queue, provider.get_tracer("test")


def lost(reason: str) -> float:
    return REGISTRY.get_sample_value("spark_spans_lost_total", {"reason": reason}) or 0.0


def end_spans(tracer: Tracer, *names: str) -> None:
    for name in names:
        tracer.start_span(name).end()


def test_what_waits_at_the_end_is_sent(far: Far) -> None:
    far.open.set()
    queue, tracer = queue_to(far)
    end_spans(tracer, *map(str, range(100)))
    queue.shutdown()
    assert far.names == [str(number) for number in range(100)]


def test_a_collector_that_hangs_costs_what_has_no_room_and_no_time(far: Far) -> None:
    queue, tracer = queue_to(far, most=10)
    end_spans(tracer, "held")
    assert far.at_work.wait(PATIENCE_S)
    before = lost(FULL), lost(ENDED)
    end_spans(tracer, *map(str, range(15)))
    assert lost(FULL) == before[0] + 5
    began = time.monotonic()
    queue.shutdown()
    assert time.monotonic() - began < 1.0
    end_spans(tracer, "after the end")
    # The ten that waited may still be sent, now that the exporter was told to end; none is lost twice.
    assert before[1] + 1 <= lost(ENDED) <= before[1] + 11


def test_a_collector_that_refuses_is_counted_and_told_of_once(far: Far, caplog: pytest.LogCaptureFixture) -> None:
    far.refuses = True
    far.open.set()
    queue, tracer = queue_to(far)
    before = lost(REFUSED)
    with caplog.at_level(logging.INFO):
        for number in range(3):
            end_spans(tracer, str(number))
            wait_until(lambda number=number: lost(REFUSED) == before + number + 1)
        far.refuses = False
        end_spans(tracer, "taken")
        wait_until(lambda: far.names == ["taken"])
    queue.shutdown()
    assert [getattr(record, "action", "") for record in caplog.records] == ["spans_lost", "spans_taken"]


def wait_until(met: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not met():
        assert time.monotonic() < until
        time.sleep(0.001)
