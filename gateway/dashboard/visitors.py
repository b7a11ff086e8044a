"""Who looks at a page, and whether a form came from one of ours."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from chassis.calls import CallContext
from chassis.clock import Clock
from chassis.faults import Unauthenticated
from chassis.identity import LOCAL_WORKSPACE, Tokens
from chassis.tracing import new_traceparent
from gateway.body import Refused, bounded_body
from gateway.caller import call_of
from gateway.dashboard.login import COOKIE, COOKIE_LIFE, Logins

FORM = "application/x-www-form-urlencoded"
FIELDS_AT_MOST = 20
FORM_TOKEN = "form_token"  # noqa: S105  (the name of a field)


class Visitors:
    """Knows those who may look: by cookie, or as any other caller of the gateway."""

    def __init__(self, tokens: Tokens, logins: Logins, clock: Clock) -> None:
        self._tokens = tokens
        self._logins = logins
        self._clock = clock

    def call(self, request: Request, path: str) -> CallContext:
        """The call that a look at a page is.

        Raises:
            Unauthenticated: when nobody knows whose it is.
        """
        if self.cookie(request):
            return CallContext(f"{request.method} {path}", LOCAL_WORKSPACE, new_traceparent())
        return call_of(request, path, self._tokens)

    def cookie(self, request: Request) -> str:
        """The cookie of a visitor who was let in; empty for anybody else."""
        cookie = request.cookies.get(cookie_name(request), "")
        return cookie if cookie and self._logins.known(cookie, self._clock.now()) else ""

    def form_token(self, request: Request) -> str:
        """What forms shown to this visitor carry; empty for one without a cookie, who can send none."""
        cookie = self.cookie(request)
        return self._logins.form_token(cookie) if cookie else ""

    def let_in(self, request: Request, response: Response, code: str) -> bool:
        """Gives the cookie for a code that is good; returns whether it was."""
        cookie = self._logins.redeem(code, self._clock.now())
        if cookie is None:
            return False
        # Not marked Secure: Spark speaks no TLS itself, and a browser would drop it.
        response.set_cookie(
            cookie_name(request),
            cookie,
            max_age=int(COOKIE_LIFE.total_seconds()),
            httponly=True,
            samesite="strict",
        )
        return True

    def let_out(self, request: Request, response: Response) -> None:
        """Takes the cookie back."""
        response.delete_cookie(cookie_name(request), httponly=True, samesite="strict")

    async def form(self, request: Request) -> dict[str, str]:
        """What a form of ours sends.

        Raises:
            Unauthenticated: when who sends it was not let in by cookie.
            Refused: 403 when no page of ours shows this form to them, 415 for what is no form, 413 for one too large.
        """
        cookie = self.cookie(request)
        if not cookie:
            raise Unauthenticated("forms are taken from browsers that `spark dashboard` let in")
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
            raise Refused(415, "UNSUPPORTED_MEDIA_TYPE", "send a form")
        body = (await bounded_body(request)).decode("utf-8", "replace")
        try:
            fields = dict(parse_qsl(body, keep_blank_values=True, max_num_fields=FIELDS_AT_MOST))
        except ValueError:
            raise Refused(413, "TOO_LARGE", "the form has too many fields") from None
        if not self._logins.sent_by_us(cookie, fields.get(FORM_TOKEN, "")):
            raise Refused(403, "FOREIGN_FORM", "this form is from another visit: load its page again, and retry")
        return fields


def cookie_name(request: Request) -> str:
    """The name of the cookie. Browsers tell no ports apart, and two Sparks may be up on one machine."""
    server = request.scope.get("server")
    port = server[1] if server else None
    return COOKIE if port is None else f"{COOKIE}_{port}"
