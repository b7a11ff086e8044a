"""What a process says of itself at /metrics."""

from __future__ import annotations

import re


def happened(metrics: str, label: str) -> bool:
    """Whether something with such a label, as `end="failed"`, was counted at all; rare ends stand there with 0."""
    return re.search(rf"^\w+_total{{[^}}\n]*{re.escape(label)}[^}}]*}} (?!0\.0$)", metrics, re.MULTILINE) is not None
