"""Who runs, who waits and who is turned away, under any order of coming, leaving and giving up."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.inference.admission import LEAST_RETRY_S, Admission, Closed, Shed
from services.inference.pace import Pace, due

moves = st.lists(st.tuples(st.sampled_from(("come", "leave", "give up")), st.integers(0, 20)), max_size=60)


async def settle() -> None:
    """Lets all tasks go as far as they can."""
    for _ in range(4):
        await asyncio.sleep(0)


@given(st.integers(1, 3), st.integers(0, 4), moves)
def test_lanes_are_never_lost_nor_shared_and_go_by_the_order_of_coming(
    concurrency: int, limit: int, taken: list[tuple[str, int]]
) -> None:
    async def play() -> None:
        admission = Admission(concurrency, limit)
        inside: list[int] = []
        waiting: dict[int, asyncio.Task[None]] = {}

        async def come(number: int) -> None:
            await admission.enter(None)
            inside.append(number)

        for number, (move, which) in enumerate(taken):
            expected = list(waiting)
            if move == "come":
                room = len(inside) < concurrency
                task = asyncio.create_task(come(number))
                await settle()
                if room:
                    assert inside[-1] == number
                elif len(waiting) >= limit:
                    with pytest.raises(Shed):
                        await task
                else:
                    waiting[number] = task
            elif move == "leave" and inside:
                inside.remove(inside[which % len(inside)])
                admission.leave(0.1)
                await settle()
                if expected:
                    assert inside[-1] == expected[0]
                    await waiting.pop(expected[0])
            elif move == "give up" and waiting:
                gone = expected[which % len(expected)]
                task = waiting.pop(gone)
                task.cancel()
                await settle()
                assert task.cancelled()
            assert admission.running == len(inside) <= concurrency
            assert admission.queued == len(waiting) <= limit
        for task in waiting.values():
            task.cancel()
        await asyncio.gather(*waiting.values(), return_exceptions=True)

    asyncio.run(play())


async def test_a_lane_that_comes_in_the_instant_of_giving_up_goes_to_the_next() -> None:
    admission = Admission(1, 2)
    await admission.enter(None)
    first, second = (asyncio.create_task(admission.enter(None)) for _ in range(2))
    await settle()
    admission.leave(1.0)
    first.cancel()
    await settle()
    assert first.cancelled()
    assert second.done()
    assert (admission.running, admission.queued) == (1, 0)


async def test_one_whose_deadline_the_wait_would_pass_is_turned_away_at_once() -> None:
    admission = Admission(1, 10)
    await admission.enter(None)
    admission.leave(2.0)
    await admission.enter(None)
    now = asyncio.get_running_loop().time()
    with pytest.raises(Shed) as shed:
        await admission.enter(now + 0.9)
    assert shed.value.retry_after_s == 1.0
    assert asyncio.get_running_loop().time() < now + 0.5
    waiting = asyncio.create_task(admission.enter(now + 60))
    await settle()
    assert (admission.queued, admission.shed) == (1, 1)
    admission.close()
    with pytest.raises(Closed):
        await waiting


async def test_nothing_is_refused_on_a_guess() -> None:
    admission = Admission(1, 1)
    await admission.enter(None)
    waiting = asyncio.create_task(admission.enter(asyncio.get_running_loop().time() + 0.001))
    await settle()
    assert admission.queued == 1
    with pytest.raises(Shed) as shed:
        await admission.enter(None)
    assert shed.value.retry_after_s == LEAST_RETRY_S
    admission.leave()
    await waiting


async def test_nothing_comes_in_after_the_end() -> None:
    admission = Admission(1, 1)
    admission.close()
    with pytest.raises(Closed):
        await admission.enter(None)


@given(st.lists(st.floats(0.001, 1000), min_size=1), st.integers(0, 100), st.integers(1, 64))
def test_the_expected_wait_lies_within_what_was_seen(took: list[float], ahead: int, concurrency: int) -> None:
    pace = Pace()
    assert pace.expected_wait(ahead, concurrency) == 0.0
    for seconds in took:
        pace.took(seconds)
    wait = pace.expected_wait(ahead, concurrency) * concurrency / (ahead + 0.5)
    assert min(took) * 0.999 <= wait <= max(took) * 1.001
    assert pace.expected_wait(ahead + 1, concurrency) > pace.expected_wait(ahead, concurrency)


@given(st.floats(-1000, 1000), st.floats(-10, 1000))
def test_an_answer_is_due_a_little_ahead_of_its_deadline(now: float, left: float) -> None:
    deadline = now + left
    assert deadline - 0.25 <= due(now, deadline) <= deadline
    assert due(now, deadline) >= min(now, deadline)


@pytest.mark.parametrize(("left", "margin"), [(10.0, 0.25), (1.0, 0.1), (0.0, 0.0), (-1.0, 0.0)])
def test_the_margin_is_a_quarter_of_a_second_or_a_tenth_of_what_is_left(left: float, margin: float) -> None:
    assert due(0.0, left) == left - margin
