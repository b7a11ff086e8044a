"""Something done every few seconds behind all else."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from chassis.faults import Fault

log = logging.getLogger(__name__)


class Repeating:
    """Looks at something every so many seconds, so that whoever asks for it later need not wait, nor a hook.

    A look that meets a Fault is made again the next time: what is away tells so by itself.
    """

    def __init__(self, name: str, every_s: float, look: Callable[[], Awaitable[None]]) -> None:
        self._name = name
        self._every_s = every_s
        self._look = look
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    async def start(self) -> None:
        """Begins with a first look."""
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        """Ends, in the midst of a look too."""
        # Python 3.11's wait_for, which nats-py waits by, loses a cancellation that comes together with the answer.
        self._stopping = True
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        failed = False
        while not self._stopping:
            try:
                await self._look()
                failed = False
            except Fault:
                failed = False
            except Exception:
                # Whatever it is, the next look may succeed. Said once for all that fail in a row.
                if not failed:
                    log.exception("a look failed", extra={"action": "look_failed", "look": self._name})
                failed = True
            if not self._stopping:
                await asyncio.sleep(self._every_s)
