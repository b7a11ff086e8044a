"""The measured coefficients: one file beside the model, each part written by the benchmark that measures it."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

MEASURED = Path(__file__).parent / "measured.json"


def record(part: str, found: DataclassInstance) -> Path:
    """Puts what a benchmark has found in place of what it found before, with when and on what machine."""
    kept = read() if MEASURED.exists() else {}
    made = {
        "at": f"{datetime.now(UTC):%Y-%m-%d}",
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }
    kept[part] = {"measured": made, **asdict(found)}
    MEASURED.write_text(json.dumps(rounded(kept), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return MEASURED


def read() -> dict[str, Any]:
    """All that was measured, by part."""
    return json.loads(MEASURED.read_text(encoding="utf-8"))


def rounded(value: Any) -> Any:
    """Four digits: more are not measured."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {name: rounded(each) for name, each in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list | tuple):
        return [rounded(each) for each in value]  # pyright: ignore[reportUnknownVariableType]
    return value
