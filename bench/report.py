"""Figures for people, 80 columns wide, and for the record, in bench/results."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.rounds import Figures

RESULTS = Path(__file__).parent / "results"

console = Console(width=80, highlight=False)


@dataclass(frozen=True, slots=True)
class Limit:
    """A figure that must not be passed."""

    what: str
    found: float
    limit: float
    unit: str

    @property
    def holds(self) -> bool:
        """Whether it is kept."""
        return self.found <= self.limit


def show_figures(title: str, rows: Mapping[str, Figures]) -> None:
    """A table of percentiles in milliseconds."""
    table = Table(title=title, title_justify="left", min_width=80)
    table.add_column("ms")
    for heading in ("p50", "p95", "p99", "calls"):
        table.add_column(heading, justify="right")
    for name, row in rows.items():
        table.add_row(name, f"{row.p50:.3f}", f"{row.p95:.3f}", f"{row.p99:.3f}", f"{row.calls:,}")
    console.print(table)


def show_limits(limits: list[Limit]) -> bool:
    """Says which limits hold; whether all do."""
    for limit in limits:
        word = "holds " if limit.holds else "BROKEN"
        console.print(f"{word}  {limit.what}: {limit.found:.2f} {limit.unit}, at most {limit.limit:g}")
    return all(limit.holds for limit in limits)


def keep(name: str, body: Mapping[str, object]) -> Path:
    """Writes the record of one run with the machine that it was made on."""
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    machine = {
        "at": now.isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
    }
    path = RESULTS / f"{name}-{now:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps({"machine": machine, **body}, indent=1) + "\n", encoding="utf-8")
    return path
