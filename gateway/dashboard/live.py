"""Decisions as server-sent events, as lines of the list that the first page shows."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from grpc.aio import AioRpcError
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from chassis.calls import CallContext, current_call, replies
from chassis.faults import Unauthenticated
from gateway.dashboard import rendering
from gateway.dashboard.backends import Backends
from gateway.dashboard.decision_rows import rows_of
from gateway.dashboard.now import Now
from gateway.dashboard.rendering import Pages
from gateway.dashboard.visitors import Visitors
from spark.router.v1.router_pb2 import AdviceDecided
from spark.telemetry.v1 import telemetry_pb2

PATH = "/live"
MOST = 100
"""Lines that a page keeps: of more that come at once only the last are sent."""
GATHER_SECONDS = 0.1
"""For which decisions are gathered that come together."""
FIGURES_SECONDS = 5.0
"""Between two looks at the figures, while decisions come."""
BEAT_SECONDS = 15.0
"""After which a line that says nothing shows either side that the other is still there."""
RETRY_MS = 2000
HEADERS = {**rendering.HEADERS, "x-accel-buffering": "no"}


class Live:
    """Sends what happens to those who look at the first page."""

    def __init__(self, backends: Backends, now: Now, pages: Pages, visitors: Visitors) -> None:
        self._backends = backends
        self._now = now
        self._pages = pages
        self._visitors = visitors
        self._open: set[Arrivals] = set()

    @property
    def route(self) -> Route:
        """The route to serve it by."""
        return Route(PATH, self.get, methods=["GET"])

    def hang_up(self) -> None:
        """Ends all that is being sent: nobody else would, and the process waits for it."""
        for arrivals in self._open:
            arrivals.close()

    async def get(self, request: Request) -> Response:
        """The stream. A browser names the last decision that its page has, and first gets those since."""
        try:
            call = self._visitors.call(request, PATH)
        except Unauthenticated:
            return Response(status_code=401, headers=HEADERS)
        if request.method != "GET":
            # What follows would never end, and whoever asks for its head does not read it.
            return Response(media_type="text/event-stream", headers=HEADERS)
        last = request.headers.get("last-event-id") or request.query_params.get("after", "")
        return StreamingResponse(self._events(call, last), media_type="text/event-stream", headers=HEADERS)

    async def _events(self, call: CallContext, last: str) -> AsyncGenerator[str]:
        # Never taken back: the task ends with the reply, and this may be finished in another one.
        current_call.set(call)
        arrivals = Arrivals()
        watching = asyncio.create_task(self._watch(arrivals), name="dashboard watch")
        self._open.add(arrivals)
        try:
            yield f"retry: {RETRY_MS}\n\n"
            try:
                missed = await self._since(last)
            except AioRpcError:
                # To go on would leave a gap; the browser comes again.
                return
            if missed:
                yield self._lines(missed, call)
            # Figures are as old as the list.
            seen, looked, stale = {each.decision.decision_id for each in missed}, 0.0, bool(missed)
            clock = asyncio.get_running_loop().time
            while not arrivals.closed:
                if stale and clock() - looked >= FIGURES_SECONDS:
                    looked, stale = clock(), False
                    yield event("figures", self._pages.text("figures.html", await self._now.figures()))
                if await arrivals.come(FIGURES_SECONDS if stale else BEAT_SECONDS):
                    await asyncio.sleep(GATHER_SECONDS)
                    if fresh := [each for each in arrivals.taken() if each.decision.decision_id not in seen]:
                        yield self._lines(fresh, call)
                        stale = True
                elif not stale:
                    yield ": still here\n\n"
        finally:
            self._open.discard(arrivals)
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    async def _watch(self, arrivals: Arrivals) -> None:
        with suppress(AioRpcError):
            watched = self._backends.telemetry.WatchDecisions(telemetry_pb2.WatchDecisionsRequest())
            async with aclosing(replies(watched)) as items:
                async for item in items:
                    arrivals.put(item.decision)
        # The reply ends with this; the browser comes again and gets what it has missed.
        arrivals.close()

    async def _since(self, last: str) -> list[AdviceDecided]:
        """Decisions after that one, oldest first, at most those that a page keeps; of an empty page all.

        Raises:
            AioRpcError: when telemetry cannot tell.
        """
        newest = (
            await self._backends.telemetry.ListDecisions(telemetry_pb2.ListDecisionsRequest(page_size=MOST))
        ).decisions
        ids = [each.decision.decision_id for each in newest]
        return list(newest[: ids.index(last)] if last in ids else newest)[::-1]

    def _lines(self, decisions: list[AdviceDecided], call: CallContext) -> str:
        """Lines for decisions that are given oldest first; the newest comes first in them, as in the list."""
        rows = rows_of(reversed(decisions), self._backends.roots(call.workspace_id))
        return event("decisions", self._pages.text("decision_rows.html", {"rows": rows}), rows[0].decision_id)


class Arrivals:
    """What has arrived and is not sent yet; of too much the oldest is dropped."""

    def __init__(self) -> None:
        self.closed = False
        self._arrived = asyncio.Event()
        self._waiting: deque[AdviceDecided] = deque(maxlen=MOST)

    def put(self, decided: AdviceDecided) -> None:
        """Takes one in."""
        self._waiting.append(decided)
        self._arrived.set()

    def close(self) -> None:
        """Nothing more will come."""
        self.closed = True
        self._arrived.set()

    async def come(self, seconds: float) -> bool:
        """Waits until something is there or nothing more will come, at most so long; returns whether it is so."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._arrived.wait()
        return self._arrived.is_set()

    def taken(self) -> list[AdviceDecided]:
        """All that waits, oldest first; then nothing waits any more."""
        waiting = list(self._waiting)
        self._waiting.clear()
        self._arrived.clear()
        return waiting


def event(name: str, text: str, event_id: str = "") -> str:
    """A server-sent event."""
    lines = "".join(f"data: {line}\n" for line in text.splitlines() if line.strip())
    place = f"id: {event_id}\n" if event_id else ""
    return f"event: {name}\n{place}{lines}\n"
