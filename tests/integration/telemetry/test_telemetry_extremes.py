"""Numbers, names and times at the ends of their ranges: stored, refused or set aside, none stops the rest."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from grpc import StatusCode
from grpc.aio import AioRpcError

from spark.telemetry.v1.sessions_pb2 import ListSessionsRequest
from spark.telemetry.v1.windows_pb2 import GetScorecardRequest, ListSeriesRequest, SummarizeRequest
from tests.integration.telemetry.happenings import ended, observed, seen
from tests.integration.telemetry.world import World, calling, decided

NOW = datetime.now(UTC)
MOST = 2**64 - 1
YEAR_1, YEAR_9999, DAY = -62135596800, 253402300799, 86400


@pytest.mark.parametrize("number", [MOST, 2**63, 2**62])
async def test_numbers_that_nothing_can_come_to_are_set_aside(world: World, number: int) -> None:
    """Of 2^62 each one fits a column, and three of them no sum."""
    slow = [decided(f"{at}", hook_latency_us=number, observed_at=NOW) for at in range(3)]
    poison: list[Message] = [
        *slow,
        *(ended(f"in-{at}", tokens=(number, 1), at=NOW) for at in range(3)),
        *(ended(f"out-{at}", tokens=(1, number), at=NOW) for at in range(3)),
        *(ended(f"cost-{at}", cost=number, at=NOW) for at in range(3)),
        *(seen("bus", "lost", number, at=NOW) for _ in range(3)),
    ]
    await world.announce(*poison, decided(observed_at=NOW), ended("call", at=NOW), seen("bus", "lost", 2, at=NOW))
    with calling():
        told = await world.stub.Summarize(SummarizeRequest())
        series = await world.stub.ListSeries(ListSeriesRequest(since=Timestamp(seconds=int(NOW.timestamp()))))
    assert (told.decisions, [each.count for each in told.faults]) == (1, [2])
    assert [(each.count, each.input_tokens) for each in told.generations] == [(1, 100)]
    assert sum(point.tokens for point in series.points) == 120
    assert await world.dead() == len(poison)


async def test_pages_of_sessions_go_on_however_long_their_names_are(world: World) -> None:
    names = {f"{number}{'𝄞' * 199}" for number in range(3)}
    await world.announce(*(observed(name, session=name, at=NOW) for name in names))
    listed: list[str] = []
    token = ""
    with calling():
        while len(listed) < 3:
            page = await world.stub.ListSessions(ListSessionsRequest(page_size=1, page_token=token))
            listed += [session.session_id for session in page.sessions]
            token = page.next_page_token
    assert set(listed) == names


async def test_windows_at_the_ends_of_time_are_refused(world: World) -> None:
    first, last, early = Timestamp(seconds=YEAR_1), Timestamp(seconds=YEAR_9999), Timestamp(seconds=YEAR_1 + 400 * DAY)
    with calling():
        for answer in (
            world.stub.GetScorecard(GetScorecardRequest(until=first)),
            world.stub.GetScorecard(GetScorecardRequest(until=last)),
            world.stub.GetScorecard(GetScorecardRequest(since=early)),
            world.stub.Summarize(SummarizeRequest(since=last)),
            world.stub.ListSeries(ListSeriesRequest(since=last, until=last)),
        ):
            with pytest.raises(AioRpcError) as refused:
                await answer
            assert refused.value.code() == StatusCode.INVALID_ARGUMENT
        assert (await world.stub.Summarize(SummarizeRequest(since=early))).decisions == 0
