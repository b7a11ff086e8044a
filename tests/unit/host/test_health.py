"""The health of a process is below 50 exactly where a level is broken, and 0 where something is away."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge

from chassis.figures import Figures
from host.health import health


def process(
    *, late: int = 0, waiting: int = 0, lag: int = 0, gpu: float | None = None, running: int = 0, hooks: int = 1000
) -> Figures:
    registry = CollectorRegistry()
    ends = Counter("spark_hooks", "", ["end"], registry=registry)
    ends.labels("silent").inc(hooks - late)
    ends.labels("late").inc(late)
    Gauge("spark_memory_entries_waiting", "", registry=registry).set(waiting)
    Gauge("spark_consumer_lag", "", ["consumer"], registry=registry).labels("memory").set(lag)
    Gauge("spark_generations_running", "", ["engine"], registry=registry).labels("llama").set(running)
    if gpu is not None:
        Gauge("spark_gpu_utilization_ratio", "", ["gpu"], registry=registry).labels("0").set(gpu)
    return Figures(registry)


@pytest.mark.parametrize(
    ("figures", "score"),
    [
        (process(), 100),
        (process(hooks=0), 100),
        (process(late=5), 50),
        (process(late=6), 40),
        (process(late=500), 0),
        (process(waiting=1000), 50),
        (process(lag=1500, waiting=1000), 25),
        (process(gpu=0.2, running=1), 50),
        (process(gpu=0.9, running=1), 100),
        # A model that fell to the CPU; one that has nothing to do says nothing.
        (process(gpu=0.0, running=1), 0),
        (process(gpu=0.0), 100),
        (process(late=6, waiting=1500), 25),
    ],
)
def test_the_score_is_that_of_the_worst_part(figures: Figures, score: float) -> None:
    assert health(figures, ready=True)["score"] == pytest.approx(score)
    assert health(figures, ready=False)["score"] == 0


def test_a_part_that_cannot_be_told_is_absent() -> None:
    assert set(health(process(gpu=0.5), ready=True)) == {"score", "errors", "queue"}
    assert set(health(process(gpu=0.5, running=1), ready=True)) == {"score", "errors", "queue", "gpu"}
