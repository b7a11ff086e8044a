"""What users say of advice, on a real Postgres."""

from __future__ import annotations

import pytest

from chassis.database import Database
from chassis.faults import InvalidArgument, NotFound
from services.packets.feedback import Feedback
from services.packets.learning import Learning
from services.packets.library import Library
from spark.packets.v1 import advice_pb2 as pb
from tests.integration.packets.lessons import OTHER_PROJECT, PROJECT, lesson, moment, put
from tests.integration.packets.session import PROPOSED, Session, advice_id, claimed


async def counted(database: Database) -> tuple[int, int, int, float]:
    async with database.connection() as connection:
        row = await connection.fetchrow(
            "select helpful_count, unhelpful_count, noisy_count, effectiveness_score from packets.packet"
        )
    assert row is not None
    return tuple(row)


async def test_the_last_word_stands_and_undoes_the_others(
    library: Library, learning: Learning, feedback: Feedback, database: Database
) -> None:
    await put(library, lesson(1))
    await learning.hear_decisions([Session().advised(1)])
    for _ in range(2):
        said = await feedback.give("local", advice_id("s", 1), pb.VERDICT_HELPFUL)
        assert said.verdict == pb.VERDICT_HELPFUL
        assert said.effectiveness_score == pytest.approx(4 / 5)
        assert await counted(database) == (1, 0, 0, pytest.approx(4 / 5))
    said = await feedback.give("local", advice_id("s", 1), pb.VERDICT_TOO_NOISY)
    assert said.effectiveness_score == pytest.approx(1 / 4)
    assert await counted(database) == (0, 0, 1, pytest.approx(1 / 4))


async def test_what_is_not_wanted_is_not_shown_again_in_the_session(
    library: Library, learning: Learning, feedback: Feedback
) -> None:
    same = {"target": "tool run", "signature": ""}
    await put(library, lesson(1, **same), lesson(2, **same))
    session = Session()
    await claimed(library, "s", 1, 2)
    await learning.hear_decisions([session.advised(number, tool="Bash") for number in (1, 2)])

    async def unwanted(name: str = "s") -> list[str]:
        return list((await library.find(moment(PROPOSED, session=name, target="tool run"), 0)).gate.unwanted)

    await feedback.give("local", advice_id("s", 1), pb.VERDICT_TOO_NOISY)
    names = "failure Bash|tool run|shell.bad_flag"
    assert await unwanted() == [f"{1:032x}", names]
    await feedback.give("local", advice_id("s", 2), pb.VERDICT_TOO_NOISY)
    assert await unwanted() == [f"{1:032x}", f"{2:032x}", names, "tool Bash"]
    await feedback.give("local", advice_id("s", 2), pb.VERDICT_NOT_HELPFUL)
    assert await unwanted() == [f"{1:032x}", f"{2:032x}", names]
    await feedback.give("local", advice_id("s", 1), pb.VERDICT_HELPFUL)
    assert await unwanted() == [f"{2:032x}"]
    await claimed(library, "another", 1)
    assert await unwanted("another") == []


async def test_advice_is_named_by_what_fits_it_alone(learning: Learning, feedback: Feedback) -> None:
    first, second = Session("first"), Session("second")
    await learning.hear_decisions([first.advised(1), second.advised(1), second.advised(1)])
    for named in ("FIRS", "firs", "first-1", advice_id("first", 1)):
        assert (await feedback.give("local", named, pb.VERDICT_HELPFUL)).session_id == "first"
    for named in ("nothing", "first-2", "FIRST%", "FIR_T"):
        with pytest.raises(NotFound):
            await feedback.give("local", named, pb.VERDICT_HELPFUL)
    with pytest.raises(InvalidArgument, match="give more of it"):
        await feedback.give("local", "SECOND", pb.VERDICT_HELPFUL)
    with pytest.raises(NotFound):
        await feedback.give("elsewhere", "FIRST", pb.VERDICT_HELPFUL)


async def test_advice_is_listed_newest_first(learning: Learning, feedback: Feedback) -> None:
    session = Session()
    await learning.hear_decisions([session.advised(number) for number in (1, 2, 3)])
    everything = [advice.advice_id for advice in await feedback.given("local", "", PROJECT, [], 0)]
    assert everything == [advice_id("s", number) for number in (3, 2, 1)]
    assert [each.advice_id for each in await feedback.given("local", "s", "", [], 1)] == everything[:1]
    assert [each.advice_id for each in await feedback.given("local", "", "", everything[1:], 9)] == everything[1:]
    assert await feedback.given("local", "", OTHER_PROJECT, [], 0) == []
