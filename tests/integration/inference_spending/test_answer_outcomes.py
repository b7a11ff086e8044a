"""What users say of answers, on a real database: which outcomes count for a model, and what its word is worth then."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chassis.database import Database
from chassis.faults import NotFound
from chassis.identifiers import new_ulid
from services.inference.calibration import AT_LEAST
from services.inference.outcomes import FRESH_FOR, KEPT_FOR, Outcomes, Stated
from tests.integration.inference_spending.conftest import SetClock

SURE = 0.9


@pytest.fixture
def outcomes(database: Database, clock: SetClock) -> Outcomes:
    return Outcomes(database, clock)


async def rated(outcomes: Outcomes, count: int, *, right: bool, own: bool = True, model: str = "m") -> None:
    """So many answers of a sure model, each called right or wrong."""
    for _ in range(count):
        answer_id = new_ulid()
        await outcomes.note("local", answer_id, Stated(model, SURE, own))
        await outcomes.rate("local", answer_id, right=right)


async def test_from_fifty_on_a_models_word_counts_for_what_it_was_worth(outcomes: Outcomes) -> None:
    await rated(outcomes, 10, right=True)
    await rated(outcomes, AT_LEAST - 11, right=False)
    early = (await outcomes.maps("local"))["m"]
    assert (early.fitted, early.of(SURE), early.outcomes) == (False, SURE, AT_LEAST - 1)
    await rated(outcomes, 1, right=False)
    worth = (await outcomes.maps("local"))["m"]
    assert (worth.fitted, worth.outcomes) == (True, AT_LEAST)
    assert worth.of(SURE) == pytest.approx(11 / 52, abs=0.05), "right in 10 of 50"


async def test_each_model_and_each_workspace_is_judged_by_its_own(outcomes: Outcomes) -> None:
    await rated(outcomes, 3, right=True, model="one")
    await rated(outcomes, 2, right=True, model="other")
    assert {model: each.outcomes for model, each in (await outcomes.maps("local")).items()} == {"one": 3, "other": 2}
    assert await outcomes.maps("elsewhere") == {}


async def test_an_answer_of_the_council_counts_by_whether_the_small_model_had_said_it(outcomes: Outcomes) -> None:
    await rated(outcomes, 1, right=True, own=False)
    assert (await outcomes.maps("local"))["m"].outcomes == 1, "it had been wrong"
    await rated(outcomes, 1, right=False, own=False)
    assert (await outcomes.maps("local"))["m"].outcomes == 1, "of another wrong answer nothing is known"


async def test_the_last_word_counts_and_an_answer_given_anew_waits_for_one(
    outcomes: Outcomes, other_database: Database, clock: SetClock
) -> None:
    answer_id = new_ulid()
    await outcomes.note("local", answer_id, Stated("m", SURE, own=True))
    assert await outcomes.maps("local") == {}, "nobody has said anything of it"
    for right in (True, False, True):
        assert (await outcomes.rate("local", answer_id, right=right)).outcomes == 1
    await outcomes.note("local", answer_id, Stated("m", SURE, own=True))
    assert await Outcomes(other_database, clock).maps("local") == {}


async def test_an_unknown_answer_or_one_of_another_workspace_cannot_be_rated(outcomes: Outcomes) -> None:
    answer_id = new_ulid()
    await outcomes.note("elsewhere", answer_id, Stated("m", SURE, own=True))
    for unknown in (answer_id, new_ulid()):
        with pytest.raises(NotFound):
            await outcomes.rate("local", unknown, right=True)


async def test_what_another_process_heard_counts_here_within_a_minute(
    outcomes: Outcomes, other_database: Database, clock: SetClock
) -> None:
    assert await outcomes.maps("local") == {}
    await rated(Outcomes(other_database, clock), 1, right=True)
    assert await outcomes.maps("local") == {}
    clock.time += FRESH_FOR
    assert (await outcomes.maps("local"))["m"].outcomes == 1


async def test_outcomes_are_kept_for_ninety_days(outcomes: Outcomes, clock: SetClock) -> None:
    await rated(outcomes, 2, right=True)
    clock.time += KEPT_FOR + timedelta(seconds=1)
    await rated(outcomes, 1, right=True)
    assert (await outcomes.maps("local"))["m"].outcomes == 1


async def test_without_its_store_confidence_counts_as_stated(outcomes: Outcomes, database: Database) -> None:
    await database.close()
    assert await outcomes.maps("local") == {}
    await outcomes.note("local", new_ulid(), Stated("m", SURE, own=True))
