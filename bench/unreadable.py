"""What of the given files could not be read, on standard error: figures leave it out, and must say so."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from gateway.clients.claude_code.transcript import Problem
from host.cli.unreadable import told


def tell_skipped(problems: Sequence[Problem]) -> None:
    """Names the first ten places that were skipped."""
    if problems:
        print(f"skipped: {len(problems):,}", *told(problems), sep="\n  ", file=sys.stderr)
