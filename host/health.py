"""The health of a process in one number, 0 to 100; docs/operating.md tells what it is made of.

    health = 100 × the least of its parts, and 0 while something that the process needs does not answer
    errors = 1 - share of hooks that ended late or failed / (2 × 0.5 %)
    queue  = 1 - the longest queue / (2 × 1,000)
    gpu    = the least utilization of a GPU / (2 × 20 %), while a model is at work and a GPU tells it

Each part lies between 0 and 1 and is 1/2 exactly at its level, so that the health is below 50 where a level is broken.
The levels are those of slo.yaml: its share of errors (seed 000), and its alerts for queue and GPU (seed 004).
"""

from __future__ import annotations

from chassis.figures import Figures, Labels
from chassis.service_levels import levels
from host.alerts.definitions import Bounded, alerts


def health(figures: Figures, *, ready: bool) -> dict[str, float]:
    """The score with the parts that are known."""
    errors = figures.share("spark_hooks_total", is_error)
    parts = {
        "errors": bounded(1 - (errors or 0.0) / (2 * levels()["error_rate"].level)),
        "queue": bounded(1 - longest_queue(figures) / (2 * bound_of("queue"))),
    }
    busy = figures.by("spark_gpu_utilization_ratio", "gpu")
    if busy and figures.total("spark_generations_running"):
        parts["gpu"] = bounded(min(busy.values()) / (2 * bound_of("gpu-idle")))
    score = 100 * min(parts.values()) if ready else 0.0
    return {"score": round(score, 1), **{name: round(part, 3) for name, part in parts.items()}}


def is_error(labels: Labels) -> bool:
    """Whether a hook's end is a fault of ours; one that nothing can be made of is the sender's."""
    return labels["end"] in {"late", "failed"}


def longest_queue(figures: Figures) -> float:
    """What waits in the longest queue: events to be stored, entries to be written, or preparations."""
    waiting = (figures.total("spark_memory_entries_waiting"), figures.total("spark_prefetch_waiting"))
    return max(*waiting, *figures.by("spark_consumer_lag", "consumer").values(), 0.0)


def bound_of(name: str) -> float:
    """The bound of an alert that compares one value."""
    when = alerts()[name].rules[0].when
    assert isinstance(when, Bounded)
    return when.threshold.bound


def bounded(part: float) -> float:
    """A part between 0 and 1."""
    return min(1.0, max(0.0, part))
