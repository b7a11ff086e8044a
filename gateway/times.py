"""Times that come from outside, within what every clock and store here can count with."""

from __future__ import annotations

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""Nothing recorded lies outside; years near 1 and 9999 overflow as soon as a day is added or an offset taken away."""

OUT_OF_REACH = "a time must lie between 1970 and 2199"


def time_in(written: object) -> datetime:
    """An RFC 3339 time in UTC.

    Raises:
        ValueError: when it is none, has no offset, or lies before 1970 or after 2199.
    """
    if not isinstance(written, str):
        raise ValueError("a time must be text")
    time = datetime.fromisoformat(written)
    if time.tzinfo is None:
        raise ValueError("a time needs an offset")
    return within_reach(time)


def time_of(stamp: Timestamp) -> datetime:
    """A timestamp in UTC.

    Raises:
        ValueError: when it lies before 1970 or after 2199.
    """
    try:
        return within_reach(stamp.ToDatetime(UTC))
    except (OverflowError, ValueError) as error:
        raise ValueError(OUT_OF_REACH) from error


def within_reach(time: datetime) -> datetime:
    """The time in UTC.

    Raises:
        ValueError: when it lies before 1970 or after 2199.
    """
    # Compared first: taking the offset away may leave what datetime can hold.
    if not EARLIEST <= time < LATEST:
        raise ValueError(OUT_OF_REACH)
    return time.astimezone(UTC)
