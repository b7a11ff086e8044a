"""What packets announce of advice, on a real Postgres: once when it is given, once for each change, none of it late."""

from __future__ import annotations

import asyncio
from datetime import UTC, timedelta

import pytest

from chassis.database import Database
from services.packets.feedback import Feedback
from services.packets.learning import QUIET, Learning
from services.packets.library import Library
from spark.packets.v1 import advice_pb2 as pb
from spark.packets.v1.judged_pb2 import AdviceJudged
from spark.router.v1 import router_pb2
from tests.integration.packets.conftest import HALF_LIFE, SetClock
from tests.integration.packets.lessons import NOW, PROJECT
from tests.integration.packets.session import ENDED, NEW, Session, advice_id


async def announced(database: Database) -> list[AdviceJudged]:
    """What waits to be published, oldest first."""
    async with database.connection() as connection:
        rows = await connection.fetch("select event_id, subject, data from packets.outbox order by id")
    told = [AdviceJudged.FromString(row["data"]) for row in rows]
    assert [row["event_id"] for row in rows] == [each.event_id for each in told]
    assert len({each.event_id for each in told}) == len(told)
    for row, each in zip(rows, told, strict=True):
        assert row["subject"] == f"spark.packets.v1.advice_judged.local.{PROJECT}.{each.session_id}"
    return told


async def test_each_change_of_a_piece_is_told_once_and_later_than_the_one_before(
    learning: Learning, feedback: Feedback, database: Database, clock: SetClock
) -> None:
    session = Session()
    given, followed = session.advised(1), session.returned(NEW)
    for _ in range(2):
        await learning.hear_decisions([given])
        await learning.hear_moments([session.returned()])
    clock.time = NOW - timedelta(hours=1)  # As another process's clock may stand.
    for _ in range(2):
        await learning.hear_moments([followed])
        await feedback.give("local", advice_id("s", 1), pb.VERDICT_HELPFUL)
    await feedback.give("local", advice_id("s", 1), pb.VERDICT_TOO_NOISY)
    told = await announced(database)
    assert [(each.state, each.verdict) for each in told] == [
        (pb.ADVICE_STATE_OPEN, pb.VERDICT_UNSPECIFIED),
        (pb.ADVICE_STATE_FOLLOWED_WORKED, pb.VERDICT_UNSPECIFIED),
        (pb.ADVICE_STATE_FOLLOWED_WORKED, pb.VERDICT_HELPFUL),
        (pb.ADVICE_STATE_FOLLOWED_WORKED, pb.VERDICT_TOO_NOISY),
    ]
    changes = [each.changed_at.ToNanoseconds() for each in told]
    assert changes == sorted(set(changes))
    first, last = told[0], told[-1]
    assert (first.advice_id, first.packet_id, first.decided_by) == (advice_id("s", 1), f"{1:032x}", "")
    assert (first.source, first.given_at.ToDatetime(), first.given_at) == (
        router_pb2.SOURCE_LESSON,
        (NOW + timedelta(seconds=1)).replace(tzinfo=None),
        last.given_at,
    )
    assert last.decided_by


async def test_advice_of_an_old_recording_is_told_as_of_when_spark_gave_it(
    learning: Learning, feedback: Feedback, database: Database
) -> None:
    """As its decision is counted: their windows must be the same."""
    session = Session(at=NOW - timedelta(days=90), behind=timedelta(days=90))
    await learning.hear_decisions([session.advised(1)])
    await learning.hear_moments([session.returned(NEW)])
    await feedback.give("local", advice_id("s", 1), pb.VERDICT_HELPFUL)
    told = await announced(database)
    assert [each.given_at.ToDatetime(UTC) for each in told] == [NOW + timedelta(seconds=1)] * 3


async def test_late_advice_is_told_as_it_stands_by_then(learning: Learning, database: Database) -> None:
    session = Session()
    given = session.advised(1)
    await learning.hear_moments([session.returned(NEW)])
    await learning.hear_decisions([given])
    assert [each.state for each in await announced(database)] == [pb.ADVICE_STATE_FOLLOWED_WORKED]


async def test_what_is_closed_without_an_outcome_is_told(
    learning: Learning, database: Database, clock: SetClock
) -> None:
    ended, quiet, busy = Session("ended"), Session("quiet"), Session("busy", at=NOW + QUIET)
    await learning.hear_decisions([ended.advised(1), quiet.advised(1)])
    await learning.hear_moments([ended.returned(kind=ENDED)])
    clock.time = NOW + timedelta(days=1)
    await learning.hear_moments([busy.returned(), busy.returned(), busy.returned()])
    closed = [each.session_id for each in await announced(database) if each.state == pb.ADVICE_STATE_UNKNOWN]
    assert closed == ["ended", "quiet"]


async def test_two_replicas_tell_once_and_the_relay_is_woken(database: Database, clock: SetClock) -> None:
    woken: list[int] = []
    replicas = [Learning(database, clock, HALF_LIFE, lambda n=n: woken.append(n)) for n in range(3)]
    session = Session()
    given, back = session.advised(1), session.returned(NEW)
    await asyncio.gather(*(each.hear_decisions([given]) for each in replicas))
    assert len(woken) == 1
    await asyncio.gather(*(each.hear_moments([back]) for each in replicas))
    assert len(woken) == 2
    assert len(await announced(database)) == 2


async def test_what_cannot_be_stored_is_not_told(learning: Learning, database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute("alter table packets.standing add constraint none check (false)")
    session = Session()
    await learning.hear_decisions([session.advised(1)])
    with pytest.raises(Exception, match="violates check constraint"):
        await learning.hear_moments([session.returned(NEW)])
    assert [each.state for each in await announced(database)] == [pb.ADVICE_STATE_OPEN]


async def test_forgetting_takes_what_waits_with_it(library: Library, learning: Learning, database: Database) -> None:
    await learning.hear_decisions([Session(name).advised(1) for name in ("one", "two", "three")])
    await library.forget_session("local", "one")
    assert [each.session_id for each in await announced(database)] == ["two", "three"]
    await library.forget_project("local", PROJECT)
    assert await announced(database) == []
