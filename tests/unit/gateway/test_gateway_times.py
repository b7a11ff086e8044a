"""Times from outside: taken where every clock and store can count with them, and refused as what they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from gateway.body import Refused
from gateway.endpoint import parse_time
from gateway.times import time_of

OUT_OF_REACH = [
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "9999-12-31T23:59:59Z",
    "1969-12-31T23:59:59Z",
    "2200-01-01T00:00:00Z",
]


@pytest.mark.parametrize("stamp", [*OUT_OF_REACH, "2026-03-02T09:00:00", "2026-03-02", "yesterday", "1.5", "\0"])
def test_a_header_without_a_usable_time_is_the_callers_mistake(stamp: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_time(stamp)
    assert (caught.value.status, caught.value.reason) == (400, "INVALID_TIME")


def test_a_time_is_taken_to_utc() -> None:
    plus_two = timezone(timedelta(hours=2))
    assert parse_time("2026-03-02T09:00:00.25+02:00") == datetime(2026, 3, 2, 9, 0, 0, 250_000, plus_two)
    assert parse_time("1970-01-01T00:00:00Z") == datetime(1970, 1, 1, tzinfo=UTC)
    assert parse_time("2199-12-31T23:59:59Z").tzinfo is UTC


@pytest.mark.parametrize("seconds", [-1, 7_258_118_400, 253_402_300_800, 2**62, -(2**62)])
def test_a_timestamp_out_of_reach_is_no_time(seconds: int) -> None:
    with pytest.raises(ValueError, match="1970"):
        time_of(Timestamp(seconds=seconds))
