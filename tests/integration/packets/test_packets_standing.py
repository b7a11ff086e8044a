"""What came of advice, as the next decision is told of it, on a real Postgres."""

from __future__ import annotations

from datetime import timedelta

from chassis.database import Database
from services.packets.feedback import Feedback
from services.packets.learning import Learning
from services.packets.library import Library
from services.packets.preparations import Preparations
from services.packets.standing import load_standing
from spark.packets.v1 import advice_pb2 as pb
from spark.packets.v1 import packets_pb2
from spark.router.v1 import router_pb2
from tests.integration.packets.conftest import SetClock
from tests.integration.packets.lessons import NOW, lesson, moment, put
from tests.integration.packets.session import FAILED, NEW, PROMPT, PROPOSED, WORKED, Session, advice_id


async def test_what_comes_of_advice_is_told_of_the_next_of_its_kind(library: Library, learning: Learning) -> None:
    session, prompt = Session(), moment(PROMPT)
    prompt.prompt.tokens.extend(["tool", "deploy", "word1"])
    await put(library, lesson(1))
    await learning.hear_decisions([session.advised(1), session.advised(2)])
    assert (await library.find(prompt, 0)).standings == []
    await learning.hear_moments([session.returned(NEW)])
    await learning.hear_decisions([session.advised(1), session.advised(3, kind=WORKED)])
    calls = [session.returned() for _ in range(5)]
    await learning.hear_moments([*calls, *calls])
    (told,) = (await library.find(prompt, 0)).standings
    assert (told.source, told.borne_out, told.idle) == (router_pb2.SOURCE_LESSON, 2, 1)
    (ahead,) = (await library.find(moment(WORKED, target="before 1"), 0)).standings
    assert (ahead.borne_out, ahead.idle) == (0, 1)
    # What comes again changes nothing.
    await learning.hear_moments(calls)
    assert (await library.find(prompt, 0)).standings == [told]


async def test_another_fix_begins_anew_and_nothing_counts_below_zero(
    library: Library, learning: Learning, feedback: Feedback, database: Database
) -> None:
    session = Session()
    same = {"target": "tool run", "signature": ""}
    await put(library, lesson(1, **same))
    await learning.hear_decisions([session.advised(1)])
    await learning.hear_moments([session.returned() for _ in range(5)])
    asked = moment(PROPOSED, target="tool run")
    (found,) = (await library.find(asked, 0)).candidates
    assert found.packet.counters.ignored_fine == 1
    (worth,) = await library.weigh("local", [f"{1:032x}", "unknown"])
    assert (worth.packet_id, worth.counters.ignored_fine) == (f"{1:032x}", 1)
    other = lesson(1, revision=2, **same)
    other.fix.worked = "tool run --newest"
    await put(library, other)
    (found,) = (await library.find(asked, 0)).candidates
    assert found.packet.counters == packets_pb2.Counters()
    # A user's word of before is taken back from a packet that was counted anew.
    given = advice_id("s", 1)
    await feedback.give("local", given, pb.VERDICT_HELPFUL)
    async with database.connection() as connection:
        await connection.execute("update packets.packet set helpful_count = 0")
    await feedback.give("local", given, pb.VERDICT_NOT_HELPFUL)
    (found,) = (await library.find(asked, 0)).candidates
    assert (found.packet.counters.helpful, found.packet.counters.unhelpful) == (0, 1)


async def test_what_speaks_against_a_packet_fades(library: Library, learning: Learning) -> None:
    session = Session()
    await put(library, lesson(1, target="tool run", signature=""))
    for _ in range(4):
        await learning.hear_decisions([session.advised(1)])
        await learning.hear_moments([session.returned() for _ in range(5)])
    for days, idle in ((0, 4), (80, 2)):
        asked = moment(PROPOSED, target="tool run")
        asked.envelope.occurred_at.FromDatetime(NOW + timedelta(days=days))
        (found,) = (await library.find(asked, 0)).candidates
        assert found.packet.counters.ignored_fine == idle


async def test_of_what_was_made_ahead_no_words_are_kept(learning: Learning, database: Database) -> None:
    session = Session()
    given = session.advised(1, source=router_pb2.SOURCE_OUTCOME)
    await learning.hear_decisions([given])
    async with database.connection() as connection:
        kept = await connection.fetch("select source_mode, text from packets.packet")
    assert [tuple(row) for row in kept] == [(packets_pb2.SOURCE_MODE_PREFETCH, "")]


async def test_calls_that_come_again_are_counted_once(learning: Learning, database: Database) -> None:
    session = Session()
    calls = [session.returned() for _ in range(20)]
    for _ in range(3):
        await learning.hear_moments(calls)
    async with database.connection() as connection:
        body = await connection.fetchval("select body from packets.standing")
    assert load_standing(body).calls == 20


async def test_from_which_probability_on_is_told_where_nothing_is_ready(library: Library, database: Database) -> None:
    request = packets_pb2.PrepareRequest(preparation=packets_pb2.Preparation(threshold=0.25))
    asked = moment(PROPOSED, target="tool run")
    request.envelope.CopyFrom(asked.envelope)
    await Preparations(database, SetClock()).store("local", request)
    for kind in (PROPOSED, WORKED, FAILED, PROMPT):
        found = await library.find(moment(kind, target="tool run"), 0)
        assert found.prepared.threshold == 0.25
        assert not found.prepared.branches
