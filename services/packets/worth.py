"""What came of a packet, as far as it still counts. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

import asyncpg

from services.packets.effectiveness import share_left
from spark.packets.v1 import packets_pb2

WEIGHED = (
    *("helpful", "unhelpful", "noisy"),
    *("followed_worked", "followed_failed", "ignored_failed", "ignored_fine", "rejected"),
)
"""Counters that a decision weighs."""


def counters_of(row: asyncpg.Record, now: datetime, half_life: timedelta) -> packets_pb2.Counters:
    """The counters of a row, halved for each half-life since anything came of the packet: what was silenced is tried
    again after a while."""
    at: datetime | None = row["evidence_at"]
    left = 1.0 if at is None or now <= at else share_left(now - at, half_life)
    return packets_pb2.Counters(**{name: round(max(0, row[f"{name}_count"]) * left) for name in WEIGHED})
