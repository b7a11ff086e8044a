"""What is repeated is counted before it is looked at."""

from __future__ import annotations

import time

import pytest

from chassis.validation import MOST_PARTS, broken_rules
from spark.gateway.v1 import hooks_pb2
from spark.moment.v1 import moment_pb2
from spark.telemetry.v1 import windows_pb2

SECONDS = 0.5
EMPTY = b"\x0a\x00"
"""A field 1 that is an empty message."""


def moment(asks_for: int) -> moment_pb2.Moment:
    """One whose prompt asks for so much."""
    made = moment_pb2.Moment(kind=moment_pb2.MOMENT_KIND_PROMPT_SUBMITTED)
    made.prompt.asks_for.extend([moment_pb2.PURPOSE_TEST] * asks_for)
    return made


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        (hooks_pb2.TakeMomentsRequest.FromString(EMPTY * 200_000), "moments"),
        (hooks_pb2.TakeMomentsRequest(moments=[moment(1), moment(400_000)]), "moments[1].prompt.asks_for"),
        (hooks_pb2.ImportHooksRequest.FromString(b"\x12\x00" * 200_000), "hooks"),
    ],
)
def test_a_crowd_is_refused_before_each_of_it_is_looked_at(
    request_: hooks_pb2.TakeMomentsRequest | hooks_pb2.ImportHooksRequest, path: str
) -> None:
    began = time.thread_time()
    broken = broken_rules(request_)
    assert time.thread_time() - began < SECONDS
    assert [name for name, _ in broken] == [path]


def test_where_no_rule_says_how_many_there_is_a_bound_all_the_same() -> None:
    crowd = windows_pb2.SummarizeResponse.FromString(b"\x1a\x00" * (MOST_PARTS + 1))
    assert broken_rules(crowd)[0][0] == "routes"


def test_a_small_message_is_told_all_that_is_wrong() -> None:
    broken = broken_rules(hooks_pb2.TakeMomentsRequest(moments=[moment(9)], answered=64))
    assert {"answered", "moments[0].envelope", "moments[0].prompt.asks_for"} <= {name for name, _ in broken}
