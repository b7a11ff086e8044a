"""What can be set about prediction and preparation."""

from __future__ import annotations

from chassis.settings import AnySetting, Setting

QUEUE = Setting("advisory.prefetch_queue", "SPARK_ADVISORY_PREFETCH_QUEUE", True, "Prepare advice ahead of calls")
NOISE = Setting(
    "advisory.noise_per_100",
    "SPARK_ADVISORY_NOISE_PER_100",
    5.0,
    "Pieces of advice of which nothing may come, for each 100 calls",
    0,
    100,
)
QUIET = Setting(
    "advisory.quiet", "SPARK_ADVISORY_QUIET", False, "Say less: half of the noise that is allowed otherwise"
)
CONCURRENCY = Setting("prefetch.concurrency", "SPARK_PREFETCH_CONCURRENCY", 4, "Preparations made at once", 1, 32)
PAUSE_LAG_MS = Setting(
    "prefetch.pause_lag_ms",
    "SPARK_PREFETCH_PAUSE_LAG_MS",
    50,
    "Delay of the process' loop, milliseconds, from which on nothing is prepared",
    5,
    5000,
)

REFINE = Setting(
    "prefetch.refine",
    "SPARK_PREFETCH_REFINE",
    False,
    "Have a model word what is prepared, where an engine is ready; a hosted one costs money for each",
)

SETTINGS: tuple[AnySetting, ...] = (QUEUE, NOISE, QUIET, CONCURRENCY, PAUSE_LAG_MS, REFINE)

QUIET_SHARE = 0.5

LEAST_SHARE = 0.02
"""Share of the noise that forecasts always have. The less is left for them, the higher the threshold, which holds back
other pieces too."""
USUAL_OTHERS = 2.0
"""Idle pieces other than forecasts for each 100 calls, until packets say how many there are in a project."""


def allowed_noise(noise_per_100: float, *, quiet: bool) -> float:
    """Noise that is allowed, items for each 100 calls."""
    return noise_per_100 * (QUIET_SHARE if quiet else 1.0)


def left_for_forecasts(allowed: float, others: float | None) -> float:
    """Noise that forecasts may make beside all else that is said, items for each 100 calls."""
    return max(LEAST_SHARE * allowed, allowed - (USUAL_OTHERS if others is None else others))


def excess(allowed: float, others: float | None) -> float:
    """How many times all else that is said exceeds the noise that is allowed: so many times likelier must a piece be to
    be said at all. 1 while it stays within."""
    known = USUAL_OTHERS if others is None else others
    return max(1.0, known / allowed) if allowed > 0 else 1.0
