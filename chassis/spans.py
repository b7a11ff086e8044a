"""Spans of what happens to one tool call, from the hook to whoever hears its event; where no traces leave the process,
next to nothing is done.

Whose child a span is, is told by the trace contexts that calls and events carry, and by nothing hidden: a task that
lives longer than the call that began it belongs to no trace by accident.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import Token
from types import TracebackType

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from chassis.calls import current_trace, present_trace
from chassis.tracing import context_of, exporting, traceparent_of

HOOK = "POST /v1/hooks"
DATABASE, PUBLISH, CONSUME = "database", "publish", "consume"

NAMES: Mapping[str, str] = {
    HOOK: "A hook over HTTP, from its arrival to its reply (server)",
    "/PACKAGE.SERVICE/METHOD": "An rpc, in this process or over the wire, named by its path (server)",
    f"{DATABASE} SCHEMA": "What a service asks of Postgres in one go, with the wait for a connection (client)",
    f"{PUBLISH} STREAM": "An event until JetStream has it (producer)",
    f"{CONSUME} CONSUMER": "An event until its consumer has stored it, alone or with others of its batch (consumer)",
}
"""Every name that a span has; words in capitals stand for names from the contract or of a service."""

_tracer = trace.get_tracer("spark")


class spanned:
    """A span for the time of the block; gives the trace context of what happens within.

    `parent` is that of the present call where none is given. Without any there is no span: nobody asked about this.
    """

    __slots__ = ("_kind", "_name", "_parent", "_span")

    def __init__(self, name: str, kind: SpanKind, parent: str | None = None) -> None:
        self._name = name
        self._kind = kind
        self._parent = parent
        self._span: Span | None = None

    def __enter__(self) -> str:
        if not exporting():
            return self._parent or ""
        parent = present_trace() if self._parent is None else self._parent
        if not parent:
            return ""
        self._span = _tracer.start_span(self._name, context=context_of(parent), kind=self._kind)
        return traceparent_of(self._span) or parent

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._span is not None:
            finish(self._span, type(error).__name__ if error is not None else "")


class consumed:
    """The spans of a batch of events, each in the trace that its event came with.

    What is logged and asked of a store meanwhile belongs to a trace where the batch is one event alone: of several
    nobody could say whose it is.
    """

    __slots__ = ("_name", "_spans", "_token", "_traces")

    def __init__(self, name: str, traces: Sequence[str]) -> None:
        self._name = name
        self._traces = traces
        self._spans: list[Span] = []
        self._token: Token[str] | None = None

    def __enter__(self) -> None:
        alone = self._traces[0] if len(self._traces) == 1 else ""
        if exporting():
            contexts = [context_of(each) for each in self._traces if each]
            self._spans = [_tracer.start_span(self._name, context=each, kind=SpanKind.CONSUMER) for each in contexts]
            if alone and self._spans:
                alone = traceparent_of(self._spans[0]) or alone
        self._token = current_trace.set(alone)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._token is not None:
            current_trace.reset(self._token)
        for span in self._spans:
            finish(span, type(error).__name__ if error is not None else "")


def finish(span: Span, error: str) -> None:
    """Ends a span; `error` names what went wrong and is empty where nothing did. Texts of errors stay in the log."""
    if error:
        span.set_status(Status(StatusCode.ERROR, error))
    span.end()
