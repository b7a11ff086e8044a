"""Builds the dashboard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from chassis.identity import Tokens
from gateway.dashboard.advice import AdvicePages
from gateway.dashboard.assets import Assets
from gateway.dashboard.backends import Backends
from gateway.dashboard.lessons import LessonPages
from gateway.dashboard.levels import LevelsPage
from gateway.dashboard.live import Live
from gateway.dashboard.login import Logins
from gateway.dashboard.now import Now
from gateway.dashboard.rendering import HEADERS, Pages, style_and_scripts
from gateway.dashboard.serving import Serving, Shown
from gateway.dashboard.sessions import SessionPages
from gateway.dashboard.visitors import Visitors


@dataclass(frozen=True)
class Dashboard:
    """The pages, and how to end what goes on for ever."""

    routes: Sequence[BaseRoute]
    hang_up: Callable[[], None]


def dashboard(backends: Backends, tokens: Tokens) -> Dashboard:
    """The dashboard on these services, for those who have a token or were let in with one."""
    assets = Assets(style_and_scripts())
    pages = Pages(assets, version("spark-advisory"))
    visitors = Visitors(tokens, Logins(tokens, backends.clock.now()), backends.clock)
    serving = Serving(pages, visitors)
    now, advice, lessons, sessions = Now(backends), AdvicePages(backends), LessonPages(backends), SessionPages(backends)
    live = Live(backends, now, pages, visitors)
    routes = [
        assets.route,
        live.route,
        *door_routes(serving, visitors),
        serving.page("/", now.ask),
        serving.page("/advice", advice.list),
        serving.page("/advice/{decision_id}", advice.one),
        serving.form("/advice/{decision_id}/feedback", advice.rate),
        serving.page("/lessons", lessons.list),
        serving.form("/lessons/{lesson_id}/revise", lessons.revise),
        serving.form("/lessons/{lesson_id}/retire", lessons.retire),
        serving.page("/levels", LevelsPage(backends).ask),
        serving.page("/sessions", sessions.list),
        serving.page("/sessions/{session_id:path}", sessions.one),
    ]
    return Dashboard(routes, live.hang_up)


def door_routes(serving: Serving, visitors: Visitors) -> list[BaseRoute]:
    """In and out."""

    async def let_in(request: Request) -> Response:
        if request.method != "GET":
            # A look ahead must not use the code up.
            return Response(status_code=204)
        code = request.query_params.get("code", "")
        # A browser that was sent here by another page would keep the cookie back on the way on: then it stops here.
        if request.headers.get("sec-fetch-site") == "cross-site":
            reply = serving.rendered(request, Shown("welcome.html"))
        else:
            reply = RedirectResponse("/", 303, HEADERS)
        return reply if visitors.let_in(request, reply, code) else serving.rendered(request, Shown("stale.html"), 401)

    async def let_out(request: Request, _: object) -> Response:
        reply = serving.rendered(request, Shown("goodbye.html"))
        visitors.let_out(request, reply)
        return reply

    return [Route("/login", let_in, methods=["GET"]), serving.form("/logout", let_out)]
