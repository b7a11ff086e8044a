"""Which engine serves, how often another is tried, and what ends a generation: with scripted engines."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from chassis.faults import BudgetExhausted
from services.inference.kept import Kept, Limits
from services.inference.model import Capabilities, Delta, Finished, FinishReason, Prompt, State, Usage
from services.inference.pool import Pool
from services.inference.ports import Engine, EngineError
from services.inference.retry_budget import MOST
from services.inference.run import LONGEST_TOKEN
from tests.unit.inference.scripted_engines import END, HANGS, USAGE, WORKS, Scripted, asked, outcome, ready_pool

BROKEN = (EngineError("broken"),)
GONE = (EngineError("gone", gone=True),)
FULL = (EngineError("full", overloaded=True),)
WRONG = (EngineError("wrong", transient=False),)
BREAKS_LATE = ("one ", EngineError("broken"))


async def settle() -> None:
    """Lets all tasks go as far as they can."""
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("first", "told", "second_asked"),
    [
        (WORKS, "one: one two", 0),
        (BROKEN, "two: one two", 1),
        (GONE, "two: one two", 1),
        (FULL, "two: one two", 1),
        (WRONG, "InvalidArgument", 0),
        (BREAKS_LATE, "REASON_ENGINE_UNAVAILABLE", 0),
        (("one ",), "REASON_ENGINE_UNAVAILABLE", 0),
        ((), "two: one two", 1),
    ],
)
async def test_another_is_asked_only_before_the_first_piece_and_for_what_may_pass(
    first: tuple[str | EngineError, ...], told: str, second_asked: int
) -> None:
    one, two = Scripted("one", [first]), Scripted("two")
    pool = await ready_pool(one, two)
    assert await outcome(pool) == told
    assert two.asked == second_asked
    await pool.drain(0)


async def test_one_that_is_named_is_not_replaced() -> None:
    pool = await ready_pool(Scripted("one", [BROKEN, FULL]), Scripted("two"))
    assert await outcome(pool, engine="one") == "EngineUnavailable"
    assert await outcome(pool, engine="one") == "Overloaded"
    assert await outcome(pool, engine="three") == "NotFound"
    await pool.drain(0)


async def test_what_an_engine_does_not_honour_it_is_not_asked() -> None:
    one, two = Scripted("one", capabilities=Capabilities(json_schema=False)), Scripted("two")
    pool = await ready_pool(one, two)
    assert await outcome(pool, asked(json_schema="{}")) == "two: one two"
    assert await outcome(pool, asked(json_schema="{}"), engine="one") == "Unsupported"
    assert one.asked == 0
    await pool.drain(0)


async def test_trying_again_ends_where_its_budget_does() -> None:
    # Full engines stay in use, so that each request would try another for ever.
    one, two = Scripted("one", [FULL]), Scripted("two")
    pool = await ready_pool(one, two)
    told = [await outcome(pool) for _ in range(100)]
    assert told[:MOST] == ["two: one two"] * MOST
    assert MOST + 9 <= told.count("two: one two") == two.asked <= MOST + 10
    assert one.asked == 100
    await pool.drain(0)


async def test_one_that_is_gone_is_passed_over_at_once_and_others_after_three_failures() -> None:
    for script, times in ((GONE, 1), (BROKEN, 3)):
        one = Scripted("one", [script])
        pool = await ready_pool(one)
        for number in range(times):
            assert pool.kept[0].ready, number
            await outcome(pool)
        assert pool.kept[0].state is State.DEGRADED
        assert (one.asked, await outcome(pool), one.asked) == (times, "EngineUnavailable", times)
        warmed = one.warmed
        async with asyncio.timeout(10):
            while not pool.kept[0].ready:
                await asyncio.sleep(0.01)
        assert one.warmed == warmed + 1
        await pool.drain(0)


async def test_one_that_does_not_start_is_tried_again_until_it_does() -> None:
    one = Scripted("one", starts=[EngineError("not yet"), EngineError("not yet"), None])
    pool = await ready_pool(one)
    assert (pool.kept[0].state, pool.kept[0].detail) == (State.DEGRADED, "not yet")
    assert not pool.has_model
    async with asyncio.timeout(10):
        while not pool.kept[0].ready:
            await asyncio.sleep(0.01)
    assert await outcome(pool) == "one: one two"
    assert pool.has_model
    await pool.drain(0)


async def test_a_deadline_before_the_first_piece_is_a_refusal_and_after_it_an_end() -> None:
    for script, told in (((HANGS,), "DeadlineExceeded"), (("one", HANGS), "REASON_DEADLINE_EXCEEDED")):
        one = Scripted("one", [script])
        pool = await ready_pool(one)
        assert await outcome(pool, deadline=asyncio.get_running_loop().time() + 0.1) == told
        # The caller was in a hurry: that is not the engine's fault.
        assert (one.running, pool.kept[0].state) == (0, State.READY)
        await pool.drain(0)


async def test_one_that_hangs_past_our_own_time_counts_as_failing() -> None:
    one = Scripted("one", [(HANGS,)])
    pool = await ready_pool(one)
    hasty = Pool(pool.kept, 0.02)
    for _ in range(3):
        assert await outcome(hasty) == "DeadlineExceeded"
    assert pool.kept[0].state is State.DEGRADED
    assert "longer than 0.02 s" in pool.kept[0].detail
    await pool.drain(0)


async def test_what_is_waited_for_ones_turn_is_no_failure_of_the_engine() -> None:
    one = Scripted("one", [(HANGS,)])
    pool = await ready_pool(one, limits=Limits(concurrency=1))
    running = asyncio.create_task(outcome(pool))
    await settle()
    hasty = Pool(pool.kept, 0.02)
    for _ in range(3):
        assert await outcome(hasty) == "DeadlineExceeded"
    assert (one.asked, pool.kept[0].state) == (1, State.READY)
    running.cancel()
    await asyncio.wait([running])
    await pool.drain(0)


async def test_an_engine_has_its_whole_time_after_the_wait() -> None:
    one = Scripted("one", [(HANGS,)])
    pool = await ready_pool(one, limits=Limits(concurrency=1))
    kept = pool.kept[0]
    await kept.admission.enter(None)
    loop = asyncio.get_running_loop()
    turn = loop.time() + 0.2
    loop.call_at(turn, kept.admission.leave)
    assert await outcome(Pool(pool.kept, 0.3)) == "DeadlineExceeded"
    assert loop.time() - turn >= 0.29
    await pool.drain(0)


async def test_abort_reaches_one_that_runs_and_one_that_waits() -> None:
    one = Scripted("one", [("one ", HANGS)])
    pool = await ready_pool(one, limits=Limits(concurrency=1, queue=2))
    prompts = [asked(), asked()]
    tasks = [asyncio.create_task(outcome(pool, prompt)) for prompt in prompts]
    await settle()
    assert (one.running, pool.kept[0].admission.queued) == (1, 1)
    pool.abort(prompts[1].request_id)
    assert await tasks[1] == "one:  (aborted)"
    assert (one.asked, pool.kept[0].admission.queued) == (1, 0)
    pool.abort(prompts[0].request_id)
    assert await tasks[0] == "one: one  (aborted)"
    assert (one.running, pool.kept[0].admission.running) == (0, 0)
    await pool.drain(0)


@pytest.mark.parametrize("turns", range(12))
async def test_one_that_is_aborted_at_any_turn_of_the_loop_ends_as_aborted(turns: int) -> None:
    pool = await ready_pool(Scripted("one", [("one ", HANGS)]))
    prompt = asked()

    async def abort() -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        pool.abort(prompt.request_id)

    async with asyncio.timeout(5):
        told, _ = await asyncio.gather(outcome(pool, prompt), abort())
    assert told.endswith("(aborted)")
    assert pool.kept[0].admission.running == 0
    await pool.drain(0)


async def test_a_caller_that_goes_away_leaves_nothing_behind() -> None:
    one = Scripted("one", [("one ", HANGS)])
    pool = await ready_pool(one)
    task = asyncio.create_task(outcome(pool))
    await settle()
    assert one.running == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (one.running, pool.kept[0].admission.running) == (0, 0)
    await pool.drain(0)


@dataclass
class Purse:
    """A budget for so many hosted calls, that tells what it was asked and what was booked."""

    calls: int
    reserved: list[str] = field(default_factory=list[str])
    booked: list[Usage] = field(default_factory=list[Usage])

    async def reserve(self, engine: Engine, prompt: Prompt) -> Purse:
        if engine.hosted and len(self.reserved) >= self.calls:
            raise BudgetExhausted("the day's budget is spent")
        self.reserved.append(engine.name)
        return self

    async def settle(self, usage: Usage) -> int:
        self.booked.append(usage)
        return 7


async def test_what_costs_is_booked_and_where_the_budget_ends_ones_own_engine_serves() -> None:
    purse = Purse(2)
    hosted, own = Scripted("hosted", [WORKS, BREAKS_LATE], hosted=True), Scripted("own")
    pool = await ready_pool(hosted, own, spending=purse)
    assert [await outcome(pool) for _ in range(3)] == [
        "hosted: one two",
        "REASON_ENGINE_UNAVAILABLE",
        "own: one two",
    ]
    assert purse.reserved == ["hosted", "hosted", "own"]
    assert purse.booked == [USAGE, Usage(2, 1), USAGE]
    assert await outcome(pool, engine="hosted") == "BudgetExhausted"
    await pool.drain(0)


@pytest.mark.parametrize("piece", [1, 7, 1_000_000])
async def test_an_engine_that_does_not_heed_the_tokens_is_ended(piece: int) -> None:
    one = Scripted("one", [["x" * piece] * 300 + [HANGS]])
    pool = await ready_pool(one)
    prompt = asked()
    async with asyncio.timeout(5):
        events = [event async for event in pool.generate(prompt)]
    most = LONGEST_TOKEN * prompt.max_tokens
    assert "".join(event.text for event in events if isinstance(event, Delta)) == "x" * most
    assert events[-1] == Finished(FinishReason.LENGTH, Usage(2, most // 4))
    assert (one.running, pool.kept[0].admission.running, pool.kept[0].state) == (0, 0, State.READY)
    await pool.drain(0)


async def test_an_output_that_is_as_long_as_it_may_be_keeps_its_own_end() -> None:
    pool = await ready_pool(Scripted("one", [["x" * LONGEST_TOKEN * 16, END]]))
    assert [event async for event in pool.generate(asked())][-1] == END
    await pool.drain(0)


async def test_at_a_stop_nothing_new_is_taken_and_what_waits_is_told() -> None:
    one = Scripted("one", [("one ", HANGS)])
    pool = await ready_pool(one, limits=Limits(concurrency=1, queue=2))
    tasks = [asyncio.create_task(outcome(pool)) for _ in range(2)]
    await settle()
    await pool.drain(0.01)
    assert [await task for task in tasks] == ["REASON_ENGINE_UNAVAILABLE", "EngineUnavailable"]
    assert await outcome(pool) == "EngineUnavailable"
    assert pool.kept[0].state is State.DRAINING


async def test_a_model_that_is_loaded_for_whoever_asks_counts_as_one() -> None:
    lazy = Kept(Scripted("lazy"), Limits(), lazy=True)
    pool = Pool([lazy], 5.0)
    pool.begin()
    assert (lazy.ready, pool.has_model, pool.serving) == (False, True, "scripted")
    assert await outcome(pool) == "lazy: one two"
    await pool.drain(0)


async def test_all_who_come_while_it_is_loaded_wait_for_it() -> None:
    engine = Scripted("lazy", gate=asyncio.Event())
    pool = Pool([Kept(engine, Limits(), lazy=True), Kept(Scripted("template", kind="template"), Limits())], 5.0)
    pool.begin()
    first = asyncio.create_task(outcome(pool))
    await settle()
    assert pool.has_model
    others = [asyncio.create_task(outcome(pool)) for _ in range(2)]
    hurried = await outcome(pool, deadline=asyncio.get_running_loop().time() + 0.02)
    assert hurried == "DeadlineExceeded"
    assert engine.gate is not None
    engine.gate.set()
    assert await asyncio.gather(first, *others) == ["lazy: one two"] * 3
    await pool.drain(0)


async def test_one_that_cannot_be_loaded_leaves_it_to_the_next_that_can() -> None:
    gate = asyncio.Event()
    broken, slow = Scripted("broken", starts=[EngineError("no model")]), Scripted("slow", gate=gate)
    pool = Pool([Kept(broken, Limits(), lazy=True), Kept(slow, Limits(), lazy=True)], 5.0)
    pool.begin()
    asking = asyncio.create_task(outcome(pool))
    await settle()
    gate.set()
    assert await asking == "slow: one two"
    assert await outcome(pool, engine="broken") == "EngineUnavailable"
    await pool.drain(0)
