"""What so many developers ask of Spark, and what that leaves behind."""

from __future__ import annotations

from dataclasses import dataclass

from bench.fleet_model import assumptions as given
from bench.fleet_model.coefficients import Coefficients

GB = 1e9


@dataclass(frozen=True)
class Load:
    """Rates are a second; sizes GB."""

    developers: int
    hooks: float
    """On the mean of a workday."""
    hooks_peak: float
    events_peak: float
    """Messages published in all streams."""
    rows_a_day: float
    """Of what is raw: the new partitions of a day."""
    day_gb: float
    """The partitions of one day."""
    raw_gb: float
    hours_gb: float
    lasting_gb: float
    """What one year leaves that nobody forgets."""
    stream_gb: float
    """Seven days of events, were the streams as large as that takes."""
    wal_mb_peak: float
    packets: float
    """Learnt in a year, were no two alike."""

    @property
    def stored_gb(self) -> float:
        """In Postgres, after a year."""
        return self.raw_gb + self.hours_gb + self.lasting_gb


def load(developers: int, of: Coefficients) -> Load:
    """The load of so many developers, all of one time zone."""
    day = float(developers * given.HOOKS_A_DAY)
    mean = day / given.DAY_S
    peak = max(of.busiest_minute / 60, mean * of.hour_factor * given.BURST)
    events_a_day = day * of.events_share
    # Whoever works on a weekend does not fill it: two weeks have ten workdays.
    raw_days, bus_days = given.RAW_DAYS * 5 / 7, given.BUS_DAYS * 5 / 7
    hour_days = given.HOUR_DAYS * 5 / 7
    year = events_a_day * given.YEAR_WORKDAYS
    return Load(
        developers,
        hooks=mean,
        hooks_peak=peak,
        events_peak=peak * of.events_share * of.messages,
        rows_a_day=events_a_day * of.rows,
        day_gb=events_a_day * of.raw_bytes / GB,
        raw_gb=events_a_day * raw_days * (of.raw_bytes + of.session_bytes) / GB,
        hours_gb=events_a_day * hour_days * of.hour_bytes / GB,
        lasting_gb=year * of.lasting_bytes / GB,
        stream_gb=events_a_day * bus_days * sum(of.stream_bytes.values()) / GB,
        wal_mb_peak=peak * of.events_share * of.wal_bytes / 1e6,
        packets=year * of.packets,
    )
