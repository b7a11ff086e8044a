"""Whether there is time to prepare: not while the process' loop runs late, nor while somebody has paused it."""

from __future__ import annotations

import asyncio

from services.prefetch.performance import PAUSED


class Load:
    """Pauses at a lag of the loop and resumes at half of it, so that it does not flutter."""

    LOOK_EVERY_S = 0.1
    FADING = 0.5
    """Share of the former lag in the smoothed one: two looks in a row must be late."""

    def __init__(self, pause_lag_s: float) -> None:
        self._pause_lag_s = pause_lag_s
        self._lag_s = 0.0
        self._busy = False
        self._reason = ""
        self._open = asyncio.Event()
        self._open.set()

    @property
    def paused(self) -> str:
        """Why nothing is prepared; empty while it is."""
        return self._reason or (f"the process runs {self._lag_s * 1000:.0f} ms late" if self._busy else "")

    def measured(self, lag_s: float) -> None:
        """Takes in how late the loop came back."""
        self._lag_s = self.FADING * self._lag_s + (1 - self.FADING) * max(0.0, lag_s)
        limit = self._pause_lag_s / 2 if self._busy else self._pause_lag_s
        self._busy = self._lag_s > limit
        self._settle()

    def pause(self, reason: str) -> None:
        """Pauses until `resume`."""
        self._reason = reason
        self._settle()

    def resume(self) -> None:
        """Goes on, as far as the load allows."""
        self._reason = ""
        self._settle()

    async def clear(self) -> None:
        """Returns once there is time."""
        await self._open.wait()

    def _settle(self) -> None:
        PAUSED.set(bool(self.paused))
        if self.paused:
            self._open.clear()
        else:
            self._open.set()
