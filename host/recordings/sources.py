"""What a replay is fed from: sessions, whatever they were recorded in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from gateway.clients.recorded import RecordedHook


@dataclass(frozen=True, slots=True)
class Source:
    """Hooks that belong together: a transcript, or a session of a table."""

    started: datetime
    """When its first hook was called."""
    hooks: Callable[[], Iterable[RecordedHook]]
    """Reads them; called once, in the order in which sources start."""
