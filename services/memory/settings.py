"""What can be set about conversations."""

from __future__ import annotations

from chassis.settings import AnySetting, Setting

WRITE_WITHIN_MS = Setting(
    "memory.write_within_ms",
    "SPARK_MEMORY_WRITE_WITHIN_MS",
    500,
    "Milliseconds after which what was said is written; a process that is killed loses no more than that",
    20,
    10_000,
)
ARCHIVE_DAYS = Setting(
    "memory.archive_days",
    "SPARK_MEMORY_ARCHIVE_DAYS",
    30,
    "Days after which what was said is archived: still listed when asked for, no longer recalled",
    1,
    3650,
)
SEMANTIC = Setting(
    "memory.semantic",
    "SPARK_MEMORY_SEMANTIC",
    True,
    "Recall by meaning too, where the extra `semantic` and its weights are installed",
)

SETTINGS: tuple[AnySetting, ...] = (WRITE_WITHIN_MS, ARCHIVE_DAYS, SEMANTIC)
