"""Whose request came in over HTTP, as what it leads to is counted and traced."""

from __future__ import annotations

from starlette.requests import Request

from chassis.calls import CallContext
from chassis.door import through_socket
from chassis.identity import LOCAL_WORKSPACE, Tokens
from chassis.tracing import traceparent_or_new


def workspace_of(request: Request, tokens: Tokens) -> str:
    """The workspace that a request's token opens, or its coming through the Unix socket.

    Raises:
        Unauthenticated: when neither opens any.
    """
    authorization = next((value for name, value in request.scope["headers"] if name == b"authorization"), None)
    if authorization is None and through_socket(request.scope):
        return LOCAL_WORKSPACE
    return tokens.workspace(None if authorization is None else authorization.decode("latin-1"))


def call_of(request: Request, path: str, tokens: Tokens) -> CallContext:
    """The call that a request is, by the `path` under which it is counted.

    Raises:
        Unauthenticated: when nobody knows whose it is.
    """
    trace = traceparent_or_new(request.headers.get("traceparent", ""))
    return CallContext(f"{request.method} {path}", workspace_of(request, tokens), trace)
