"""Health, readiness and metrics of a process over HTTP."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping

from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from chassis.faults import Fault
from chassis.service import Check

BUILD = Gauge("spark_build_info", "1, with the version that runs", ["version"])
UP = Gauge("spark_dependency_up", "Whether what this process needs answered when it was last asked", ["dependency"])

CHECK_SECONDS = 1.0
FRESH_SECONDS = 1.0
"""How old an answer may be for those who ask often."""
LOOK_EVERY_SECONDS = 5.0
PATH = re.compile(r"(?<![\w/:.])~?/[^\s'\"`,;)]*")
"""Who may ask without a token is not told where things lie on this machine."""
PAUSE_SECONDS = 0.02


class NotReady(Exception):
    """Something that this process needs does not answer; the message names it."""


class Readiness:
    """Whether this process can do its work, and what is wrong when it cannot."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self._looked_at = -FRESH_SECONDS
        self._looking: asyncio.Future[dict[str, str]] | None = None

    async def troubles(self) -> dict[str, str]:
        """What does not answer, by name; empty when all is well. It is noted in the metrics too."""
        results = await asyncio.gather(*(self._try(check) for check in self._checks.values()))
        for name, trouble in zip(self._checks, results, strict=True):
            UP.labels(name).set(not trouble)
        return {name: trouble for name, trouble in zip(self._checks, results, strict=True) if trouble}

    async def lately(self) -> dict[str, str]:
        """The same as it stood within the last second, so that it costs nothing to ask often."""
        now = asyncio.get_running_loop().time()
        if self._looking is None or (self._looking.done() and now - self._looked_at >= FRESH_SECONDS):
            self._looked_at = now
            self._looking = asyncio.ensure_future(self.troubles())
        return await asyncio.shield(self._looking)

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
            return PATH.sub("…", fault.message)
        except TimeoutError:
            return f"no answer within {CHECK_SECONDS:.0f} s"
        return ""


def probe_routes(readiness: Readiness, version: str) -> list[Route]:
    """The routes `/health`, `/healthz`, `/ready` and `/metrics`."""
    BUILD.labels(version).set(1)

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "alive", "version": version})

    async def healthz(_: Request) -> Response:
        troubles = await readiness.lately()
        if troubles:
            return PlainTextResponse(f"not ready: {', '.join(troubles)}\n", status_code=503)
        return PlainTextResponse("ok\n")

    async def ready(_: Request) -> Response:
        troubles = await readiness.troubles()
        body = {"status": "not ready" if troubles else "ready", "troubles": troubles}
        return JSONResponse(body, status_code=503 if troubles else 200)

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return [
        Route("/health", health),
        Route("/healthz", healthz),
        Route("/ready", ready),
        Route("/metrics", metrics),
    ]
