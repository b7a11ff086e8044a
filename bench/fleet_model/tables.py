"""The tables of docs/scale.md, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import floor, log10
from typing import Any

from bench.fleet_model import assumptions as given
from bench.fleet_model.breaking import MILLIONS, limits
from bench.fleet_model.coefficients import BEHIND, Coefficients, coefficients
from bench.fleet_model.fleet import Tasks, fleet
from bench.fleet_model.load import load

PARTS = ("hot path", "Postgres", "NATS", "behind")
"""Whose CPU is told, milliseconds a hook."""


def tables(measured: Mapping[str, Any]) -> dict[str, str]:
    """Each table by the name under which it stands in the document."""
    of = coefficients(measured)
    return {
        "replicas": replicas(measured["replicas"]),
        "cold-start": cold_start(measured["cold_start"]),
        "hook": hook(measured, of),
        "load": loads(of),
        "fleet": fleets(of),
        "cost": costs(of),
        "breaks": breaks(of),
    }


def replicas(found: Mapping[str, Any]) -> str:
    """The cost curve."""
    rows = [
        [
            number(arm["packets"]),
            str(arm["replicas"]),
            number(arm["rate"]),
            f"{arm['speedup']:.2f}",
            f"{number(arm['p50'])} ({number(arm['p95'])})",
            f"{arm['lost'] / arm['hooks']:.1%}",
            *(f"{arm['cpu_ms'][part]:.2f}" for part in ("hot", "postgres", "nats-server")),
            f"{sum(arm['cpu_ms'][name] for name in BEHIND):.2f}",
        ]
        for arm in found["arms"]
    ]
    heads = ["packets", "replicas", "hooks/s", "times one", "p50 (p95), ms", "late", *(f"{part}, ms" for part in PARTS)]
    return table(heads, rows) + "\n\n" + measured_on(found)


def cold_start(found: Mapping[str, Any]) -> str:
    """Seconds until the first answer."""
    rows = [
        [name, *(f"{start[what]:.2f}" for what in ("imports", "serving", "answered", "on_demand"))]
        for name, start in found["starts"].items()
    ]
    return table(["s", "imports alone", "SERVING", "first answer", "on demand"], rows) + "\n\n" + measured_on(found)


def hook(measured: Mapping[str, Any], of: Coefficients) -> str:
    """What a hook asks for and leaves behind."""
    rows = [
        ["hot path", "hook", f"{of.cpu.hot:.1f} ms of CPU"],
        ["Postgres, NATS", "event", f"{of.cpu.postgres:.1f} and {of.cpu.nats:.1f} ms of CPU"],
        ["all services behind", "event", f"{of.cpu.behind:.1f} ms of CPU"],
        *([f"{name}, its one process", "", f"{number(pace)} events/s at most"] for name, pace in of.paces.items()),
        ["all streams", "event", f"{of.messages:.2f} messages, {number(sum(of.stream_bytes.values()))} bytes, 7 days"],
        ["tables of what is raw", "event", f"{of.rows:.2f} rows, {number(of.raw_bytes)} bytes, 14 days"],
        ["sessions and advice", "event", f"{number(of.session_bytes)} bytes, 14 days"],
        ["counts by the hour", "event", f"{number(of.hour_bytes)} bytes, 400 days"],
        ["what is learnt", "event", f"{of.lasting_rows:.2f} rows, {number(of.lasting_bytes)} bytes, until forgotten"],
        ["log of Postgres", "event", f"{number(of.wal_bytes)} bytes"],
        ["all of it at rest, one replica", "", f"{of.idle_cores:.2f} cores"],
    ]
    return table(["what", "for each", "takes"], rows) + "\n\n" + measured_on(measured["storage"])


def loads(of: Coefficients) -> str:
    """What developers ask."""
    rows: list[list[str]] = []
    for developers in given.DEVELOPERS:
        one = load(developers, of)
        rows.append(
            [
                number(developers),
                f"{number(one.hooks)} ({number(one.hooks_peak)})",
                number(one.events_peak),
                number(one.stream_gb),
                number(one.rows_a_day),
                number(one.day_gb),
                f"{number(one.raw_gb)} + {number(one.hours_gb)} + {number(one.lasting_gb)}",
                number(one.wal_mb_peak),
            ]
        )
    heads = [
        *(
            "developers",
            "hooks/s (peak)",
            "messages/s, peak",
            "streams, GB",
            "raw rows a day",
            "a day's partitions, GB",
        ),
        *("raw + hours + learnt, GB", "log, MB/s, peak"),
    ]
    return table(heads, rows)


def fleets(of: Coefficients) -> str:
    """What carries it."""
    rows: list[list[str]] = []
    for developers in given.DEVELOPERS:
        one = fleet(load(developers, of), of)
        rows.append(
            [
                number(developers),
                size(one.hot),
                size(one.behind),
                size(one.nats),
                f"{number(one.acu_mean)} ({number(one.acu_peak)})",
                f"{number(one.connections)} of {number(one.max_connections)}",
            ]
        )
    return table(["developers", "hot path", "behind", "NATS", "ACU (peak)", "connections"], rows)


def costs(of: Coefficients) -> str:
    """What it costs."""
    rows: list[list[str]] = []
    for developers in given.DEVELOPERS:
        cost = fleet(load(developers, of), of).cost
        parts = (cost.hot, cost.behind, cost.postgres, cost.nats, cost.edge, cost.month)
        rows.append([number(developers), *(number(part) for part in parts), f"{cost.month / developers:.2f}"])
    heads = ["developers", "hot path", "behind", "Aurora", "NATS", "edge", "a month, $", "a developer, $"]
    return table(heads, rows)


def breaks(of: Coefficients) -> str:
    """What gives way, in its order."""
    rows = [
        [
            number(one.developers) if one.developers < MILLIONS else "never here",
            one.what,
            one.known,
            one.remedy,
        ]
        for one in limits(of)
    ]
    return table(["developers", "what gives way", "known by", "what helps"], rows)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Markdown."""
    lines = [f"| {' | '.join(line)} |" for line in (heads, *rows)]
    return "\n".join([lines[0], "|---" * len(heads) + "|", *lines[1:]])


def size(tasks: Tasks) -> str:
    """So many of so much."""
    return f"{number(tasks.number)} × {tasks.vcpu:g} vCPU"


def number(value: float) -> str:
    """Two digits, and words for what is large."""
    if value == 0:
        return "0"
    digits = 1 - floor(log10(abs(value)))
    rounded = round(value, digits)
    for least, unit, word in ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if rounded >= least:
            return f"{rounded / unit:g} {word}"
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:g}"


def measured_on(found: Mapping[str, Any]) -> str:
    """When, and on what."""
    at = found["measured"]
    return f"Measured on {at['at']}, {at['cores']} cores, Python {at['python']}, load at the end {at['load']:g}."
