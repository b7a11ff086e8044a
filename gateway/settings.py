"""What can be set about the front door."""

from __future__ import annotations

from chassis.settings import AnySetting, Setting

MAX_MS = Setting(
    "advisory.max_ms", "SPARK_ADVISORY_MAX_MS", 250, "Time for one hook, milliseconds; then an empty reply", 20, 4000
)
CLOCK = Setting(
    "clock.source",
    "SPARK_CLOCK",
    "system",
    "Whose time counts: `header` believes Spark-Time, for replays only",
    choices=("system", "header"),
)

SETTINGS: tuple[AnySetting, ...] = (MAX_MS, CLOCK)
