"""Health, readiness and metrics of a process over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chassis.faults import Fault
from chassis.service import Check

CHECK_SECONDS = 1.0
PAUSE_SECONDS = 0.02


class NotReady(Exception):
    """Something that this process needs does not answer; the message names it."""


class Readiness:
    """Whether this process can do its work, and what is wrong when it cannot."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks

    async def troubles(self) -> dict[str, str]:
        """What does not answer, by name; empty when all is well."""
        results = await asyncio.gather(*(self._try(check) for check in self._checks.values()))
        return {name: trouble for name, trouble in zip(self._checks, results, strict=True) if trouble}

    async def awaited(self, patience: float) -> None:
        """Returns once all is well.

        Raises:
            NotReady: when patience, in seconds, ends first.
        """
        give_up = asyncio.get_running_loop().time() + patience
        while troubles := await self.troubles():
            if asyncio.get_running_loop().time() > give_up:
                raise NotReady("; ".join(f"{name}: {trouble}" for name, trouble in troubles.items()))
            await asyncio.sleep(PAUSE_SECONDS)

    async def _try(self, check: Check) -> str:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await check()
        except Fault as fault:
            return fault.message
        except TimeoutError:
            return f"no answer within {CHECK_SECONDS:.0f} s"
        return ""


def probe_routes(readiness: Readiness, version: str) -> list[Route]:
    """The routes `/health`, `/ready` and `/metrics`."""

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "alive", "version": version})

    async def ready(_: Request) -> Response:
        troubles = await readiness.troubles()
        body = {"status": "not ready" if troubles else "ready", "troubles": troubles}
        return JSONResponse(body, status_code=503 if troubles else 200)

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return [Route("/health", health), Route("/ready", ready), Route("/metrics", metrics)]
