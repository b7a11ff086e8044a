"""What a client's own record of a session tells: the hooks that it would have called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class RecordedHook:
    """One hook call: when it would have been made (UTC) and the JSON that the client would have sent."""

    occurred_at: datetime
    payload: dict[str, object]
    began_at: datetime | None = None
    """When what it tells of began (UTC), where the client's hooks name no calls: what was seen live of the session from
    then on is this. None where its ids are those that it had live."""
