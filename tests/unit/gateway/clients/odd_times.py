"""What stands in damaged records where a time should be, and what is a time that no clock or store can count with."""

from __future__ import annotations

ODD_TIMES: tuple[object, ...] = (
    *(17, 1e300, None, True, [], {}, "", "yesterday", "2026-13-28T22:30:25Z"),
    *("0000-01-01T00:00:00Z", "0001-01-01T00:00:00", "0001-01-01T00:00:00+14:00"),
    *("9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "10000-01-01T00:00:00Z"),
)
