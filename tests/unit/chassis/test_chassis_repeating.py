"""What is done every few seconds ends when it is told to."""

from __future__ import annotations

import asyncio

from chassis.repeating import Repeating


async def test_it_ends_also_when_the_answer_comes_together_with_the_end() -> None:
    answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    looks = 0

    async def look() -> None:
        nonlocal looks
        looks += 1
        await asyncio.wait_for(answer, 5)

    repeating = Repeating("test", 0.01, look)
    await repeating.start()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    answer.set_result(None)
    ending = asyncio.create_task(repeating.stop())
    done, _ = await asyncio.wait([ending], timeout=1)
    ending.cancel()
    assert done == {ending}
    assert looks == 1
