"""What a client's own record of a session tells: the hooks that it would have called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class RecordedHook:
    """One hook call: when it would have been made (UTC) and the JSON that the client would have sent."""

    occurred_at: datetime
    payload: dict[str, object]
