"""How a process ends its services: one after the other, in time even where one hangs, all even where one fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from host.catalog import every_service
from host.process import in_turn


class Ends:
    """What has begun to end, and what is over."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def step(self, name: str, upon: asyncio.Event | None = None) -> Callable[[], Awaitable[None]]:
        """An end that is over once the event is set; at once without one."""

        async def end() -> None:
            self.seen.append(f"{name} begins")
            await (upon.wait() if upon else asyncio.sleep(0))
            self.seen.append(f"{name} is over")

        return end


async def test_each_ends_before_the_next_begins() -> None:
    ends = Ends()
    await in_turn([ends.step("gateway"), ends.step("memory")], 60)
    assert ends.seen == ["gateway begins", "gateway is over", "memory begins", "memory is over"]


async def test_one_that_hangs_holds_the_others_up_for_so_long_only() -> None:
    ends, released = Ends(), asyncio.Event()
    ending = asyncio.create_task(in_turn([ends.step("hangs", released), ends.step("b"), ends.step("c")], 0.01))
    while "c is over" not in ends.seen:
        await asyncio.sleep(0)
    assert not ending.done(), "it is waited for"
    released.set()
    await ending
    assert ends.seen[-1] == "hangs is over"


async def test_one_that_fails_keeps_no_other_from_ending() -> None:
    ends = Ends()

    async def fails() -> None:
        raise RuntimeError("no end")

    with pytest.raises(RuntimeError, match="no end"):
        await in_turn([fails, ends.step("memory")], 60)
    assert ends.seen == ["memory begins", "memory is over"]


def test_who_asks_is_started_after_whom_it_asks() -> None:
    names = [service.name for service in every_service()]
    asks = {"gateway": ["router", "memory", "inference"], "prefetch": ["packets", "inference"], "inference": ["memory"]}
    asks["router"] = ["packets", "prefetch", "memory", "inference"]
    assert names[0] == "telemetry"
    for name, others in asks.items():
        assert all(names.index(other) < names.index(name) for other in others), name
