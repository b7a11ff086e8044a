"""Waits for what a test expects to come true."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

BUSY_S = 1.0
"""What other tests on the same two cores may add to a time that is kept."""


async def eventually(condition: Callable[[], bool | Awaitable[bool]], *, within: float = 10.0) -> None:
    """Asks again and again, every 10 ms.

    Raises:
        TimeoutError: when it has not come true after `within` seconds.
    """
    async with asyncio.timeout(within):
        while True:
            met = condition()
            if met if isinstance(met, bool) else await met:
                return
            await asyncio.sleep(0.01)
