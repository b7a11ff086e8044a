"""What can be set about packets."""

from __future__ import annotations

from chassis.settings import AnySetting, Setting

HALF_LIFE_DAYS = Setting(
    "packets.half_life_days",
    "SPARK_PACKETS_HALF_LIFE_DAYS",
    90.0,
    "Days after which what came of advice counts half",
    1,
    3650,
)

SETTINGS: tuple[AnySetting, ...] = (HALF_LIFE_DAYS,)
