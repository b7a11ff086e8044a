"""How a page is served: to whom, with what it shows, and with words that help where it cannot be shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from grpc.aio import AioRpcError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from chassis.calls import current_call
from chassis.faults import Fault, Unauthenticated, received
from gateway.body import Refused
from gateway.dashboard.rendering import HEADERS, Pages
from gateway.dashboard.visitors import Visitors
from gateway.http_replies import STATUSES
from spark.fault.v1 import reason_pb2

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Shown:
    """A page: its template and what fills it."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    troubles: tuple[Fault | None, ...] = ()
    """What kept a part of it from being shown, None for parts that are there."""


Ask = Callable[[Request], Awaitable[Shown]]
Act = Callable[[Request, Mapping[str, str]], Awaitable[str | Response]]


class Serving:
    """Serves pages, and takes forms."""

    def __init__(self, pages: Pages, visitors: Visitors) -> None:
        self._pages = pages
        self._visitors = visitors

    def page(self, path: str, ask: Ask) -> Route:
        """The route of a page. `ask` gathers what it shows, as the visitor's own call."""

        async def get(request: Request) -> Response:
            return await self._explained(request, path, lambda: self._shown(request, ask))

        return Route(path, get, methods=["GET"])

    def form(self, path: str, act: Act) -> Route:
        """The route of a form. `act` does what it asks for, and returns the address of the page that shows it, or the
        reply itself."""

        async def post(request: Request) -> Response:
            return await self._explained(request, path, lambda: self._acted(request, act))

        return Route(path, post, methods=["POST"])

    def rendered(self, request: Request, shown: Shown, status: int = 200) -> Response:
        """A page as a reply."""
        values = {"form_token": self._visitors.form_token(request), **shown.values}
        return self._pages.page(shown.template, values, status)

    async def _shown(self, request: Request, ask: Ask) -> Response:
        shown = await ask(request)
        worst = next((fault for fault in shown.troubles if fault is not None), None)
        return self.rendered(request, shown, 200 if worst is None else status_of(worst))

    async def _acted(self, request: Request, act: Act) -> Response:
        fields = await self._visitors.form(request)
        done = await act(request, fields)
        return done if isinstance(done, Response) else RedirectResponse(done, 303, HEADERS)

    async def _explained(self, request: Request, path: str, serve: Callable[[], Awaitable[Response]]) -> Response:
        try:
            token = current_call.set(self._visitors.call(request, path))
            try:
                return await serve()
            finally:
                current_call.reset(token)
        except Unauthenticated:
            return self.rendered(request, Shown("locked.html"), 401)
        except Refused as refused:
            return self.trouble(request, refused.status, refused.message)
        except ClientDisconnect:
            return Response(status_code=400)
        except AioRpcError as failed:
            fault = received(failed)
            return self.trouble(request, status_of(fault), fault.message)

    def trouble(self, request: Request, status: int, message: str) -> Response:
        """A page that says what is wrong."""
        return self.rendered(request, Shown("trouble.html", {"status": status, "message": message}), status)


def status_of(fault: Fault) -> int:
    """The HTTP status for a fault; 503 for whatever is away."""
    return STATUSES.get(fault.reason, 503)


async def part(answer: Awaitable[Answer]) -> Answer | Fault:
    """What a service answers, or why it does not, for a part of a page whose other parts can stand alone.

    Raises:
        AioRpcError: when what was asked for is not there, or was asked for wrongly: then the page itself is wrong.
    """
    try:
        return await answer
    except AioRpcError as failed:
        fault = received(failed)
        if fault.reason in (reason_pb2.REASON_NOT_FOUND, reason_pb2.REASON_INVALID_ARGUMENT):
            raise
        return fault


def there(answer: Answer | Fault) -> Answer | None:
    """The answer, where there is one."""
    return None if isinstance(answer, Fault) else answer


def trouble_of(answer: object) -> Fault | None:
    """Why there is no answer, where there is none."""
    return answer if isinstance(answer, Fault) else None
