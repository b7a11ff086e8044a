"""What gives way first as a fleet grows, at how many developers, and what helps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.fleet_model import assumptions as given
from bench.fleet_model.coefficients import Coefficients
from bench.fleet_model.fleet import OF_HOT, fleet
from bench.fleet_model.load import GB, load
from chassis.bus import STREAMS

MILLIONS = 100_000_000
"""Where looking ends."""


@dataclass(frozen=True)
class Limit:
    """Something that does not grow by itself. `share` is how much of it so many developers take."""

    what: str
    known: str
    """How its figure is known: measured, computed, documented."""
    remedy: str
    developers: int
    """At which it is reached."""


def limits(of: Coefficients) -> list[Limit]:
    """All that are known, the first to give way first."""
    found = [
        Limit(
            "the one workspace, `local`: one token, one memory, everybody sees all of it",
            "documented",
            "a Spark for each team, until there are more workspaces",
            2,
        ),
        *(stream_limit(name, of) for name in ("MOMENTS", "DECISIONS")),
        *(pace_limit(name, of) for name in of.paces),
        Limit(
            f"the storage of one Aurora, {given.AURORA_GB / 1000:.0f} TB, after a year",
            "computed; what is learnt is overrated",
            "Postgres split by workspace, or what is old forgotten",
            reached(lambda n: load(n, of).stored_gb / given.AURORA_GB),
        ),
        Limit(
            f"connections of Aurora, {given.CONNECTIONS_MOST:,}, each hot replica with {OF_HOT}",
            "computed",
            "a pooler: `SPARK_DATABASE_POOLER=transaction`",
            reached(lambda n: fleet(load(n, of), of).connections / given.CONNECTIONS_MOST),
        ),
        Limit(
            f"the writer of Postgres, {given.ACU_MOST * given.VCPU_OF_ACU:.0f} vCPU at {given.FULL:.0%}",
            "measured on embedded Postgres, scaled by CPU",
            "Postgres split by workspace",
            reached(lambda n: fleet(load(n, of), of).acu_peak / given.ACU_MOST),
        ),
        Limit(
            f"writes to one stream, {of.stream_rate:,.0f} a second on one server; a cluster takes fewer",
            "measured",
            "streams split by workspace",
            reached(lambda n: load(n, of).hooks_peak * of.events_share / of.stream_rate),
        ),
        Limit(
            "a day's partitions of telemetry, 100 GB, past which vacuum and index builds take hours",
            "computed; the bound is a rule of thumb",
            "partitions by workspace as well, or decisions sampled",
            reached(lambda n: load(n, of).day_gb / 100),
        ),
    ]
    return sorted(found, key=lambda one: one.developers)


def stream_limit(name: str, of: Coefficients) -> Limit:
    """A stream that is full before its time."""
    most = next(stream.max_bytes for stream in STREAMS if stream.name == name)
    days = given.BUS_DAYS * 5 / 7
    size = of.stream_bytes[name]

    def share(developers: int) -> float:
        return load(developers, of).hooks * given.DAY_S * of.events_share * days * size / most

    return Limit(
        f"`{name}` holds {most / GB:.2g} GB: less than {given.BUS_DAYS} days of events, and of patience",
        "measured size, limit in code",
        "a larger limit and disk",
        reached(share),
    )


def pace_limit(service: str, of: Coefficients) -> Limit:
    """A consumer whose one process is busy all the time of the peak."""
    pace = of.paces[service]

    def share(developers: int) -> float:
        return load(developers, of).hooks_peak * of.events_share / (given.FULL * pace)

    return Limit(
        f"{service}: one process consumes, {pace:,.0f} events a second at most",
        "measured",
        "subjects split by workspace, a process for each part (ADR 18)",
        reached(share),
    )


def reached(share: Callable[[int], float]) -> int:
    """The fewest developers that take all of it."""
    low, high = 1, MILLIONS
    if share(high) < 1:
        return MILLIONS
    while low < high:
        middle = (low + high) // 2
        if share(middle) >= 1:
            high = middle
        else:
            low = middle + 1
    return low
