"""What the model takes out of the measured figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

BEHIND = ("packets", "memory", "prefetch", "telemetry", "inference")
RAW = ("telemetry.decision", "telemetry.moment", "telemetry.advice", "telemetry.generation", "telemetry.fault")
"""Kept for 14 days, partitioned by day."""
OF_SESSIONS = (
    *("packets.agent_session", "packets.advice", "packets.recent_calls", "packets.preparation"),
    *("memory.session_state", "prefetch.session", "prefetch.foretold"),
)
"""Kept for 14 days, deleted row by row."""
BY_THE_HOUR = ("telemetry.moment_hour", "telemetry.advice_hour", "telemetry.session")
"""Kept for 400 days; the hours of decisions are computed by how many rows an hour has."""
UNTIL_FORGOTTEN = (
    *("memory.lesson", "memory.call_key", "memory.learnt"),
    *("packets.packet", "packets.packet_key", "packets.standing"),
    *("prefetch.tally", "prefetch.group_history", "prefetch.example", "prefetch.project"),
)
"""Kept until somebody forgets; counts of prefetch until they are unseen for 180 days."""
HOURS_OF_DECISIONS = "telemetry.decision_hour"


@dataclass(frozen=True)
class Cpu:
    """Milliseconds of CPU a hook."""

    hot: float
    postgres: float
    nats: float
    behind: float


@dataclass(frozen=True)
class Coefficients:
    """Everything a hook asks for. Sizes are bytes a hook that has an event, if nothing else is said."""

    events_share: float
    """Hooks of which an event is published; the others are steps in which nothing was refused."""
    hour_factor: float
    """Hooks in the busiest hour of a day over the mean hour."""
    busiest_minute: float
    """Hooks of one developer in a minute."""
    cpu: Cpu
    idle_cores: float
    """Of one replica, the processes behind and both engines together, while nobody asks."""
    messages: float
    """In all streams."""
    stream_bytes: Mapping[str, float]
    rows: float
    """In tables of what is raw."""
    raw_bytes: float
    session_bytes: float
    hour_bytes: float
    """Counts by the hour, where a project has a hundred hooks in an hour."""
    lasting_bytes: float
    lasting_rows: float
    packets: float
    """Packets learnt."""
    wal_bytes: float
    paces: Mapping[str, float]
    """Events a second that one process behind takes at most."""
    stream_rate: float
    """Messages a second that one stream takes."""


def coefficients(measured: Mapping[str, Any]) -> Coefficients:
    """Reads what was measured. CPU is that under the most replicas, the median over the sizes of the store.

    Raises:
        KeyError: where a part is not measured yet.
    """
    demand, storage = measured["demand"], measured["storage"]
    tables, streams = storage["tables"], storage["streams"]
    most = max(arm["replicas"] for arm in measured["replicas"]["arms"])
    arms = [arm["cpu_ms"] for arm in measured["replicas"]["arms"] if arm["replicas"] == most]
    cpu = {part: median(arm[part] for arm in arms) for part in arms[0]}
    hours = tables[HOURS_OF_DECISIONS]
    # All was driven within one hour, which merges more than a day's hours do.
    decision_hours = storage["decision_hour_share"] * hours["size"] / hours["rows"]
    return Coefficients(
        events_share=1 - demand["calls_a_day"] / demand["hooks_a_day"],
        hour_factor=demand["busiest_hour_factor"],
        busiest_minute=demand["busiest_minute"],
        cpu=Cpu(cpu["hot"], cpu["postgres"], cpu["nats-server"], sum(max(0.0, cpu[name]) for name in BEHIND)),
        idle_cores=sum(measured["replicas"]["idle_cores"].values()),
        messages=sum(stream["rows"] for stream in streams.values()),
        stream_bytes={name: stream["size"] for name, stream in streams.items()},
        rows=total(tables, RAW, "rows"),
        raw_bytes=total(tables, RAW, "size"),
        session_bytes=total(tables, OF_SESSIONS, "size"),
        hour_bytes=total(tables, BY_THE_HOUR, "size") + decision_hours,
        lasting_bytes=total(tables, UNTIL_FORGOTTEN, "size"),
        lasting_rows=total(tables, UNTIL_FORGOTTEN, "rows"),
        packets=tables["packets.packet"]["rows"],
        wal_bytes=storage["wal"],
        paces={name: pace["rate"] for name, pace in measured["backlog"]["paces"].items()},
        stream_rate=measured["stream"]["rate"],
    )


def total(tables: Mapping[str, Mapping[str, float]], names: tuple[str, ...], what: str) -> float:
    """Of the tables that were not empty."""
    return sum(tables[name][what] for name in names if name in tables)
