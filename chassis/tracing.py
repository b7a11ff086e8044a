"""Trace ids from the start; spans leave the process only where an OTLP endpoint is set."""

from __future__ import annotations

import logging
import os
import re
import secrets
from collections.abc import Callable
from functools import cache

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, TraceFlags

TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


def new_traceparent() -> str:
    """A new W3C trace context, sampled."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def traceparent_or_new(header: str) -> str:
    """The caller's trace context when it is well formed, else a new one."""
    return header if parse(header) else new_traceparent()


def trace_id(traceparent: str) -> str:
    """The trace id in a trace context; empty when malformed."""
    read = TRACEPARENT.fullmatch(traceparent)
    return read[1] if read and read[1].strip("0") and read[2].strip("0") else ""


def parse(traceparent: str) -> SpanContext | None:
    """The span that a trace context names; None when malformed (W3C Trace Context, section 3.2)."""
    read = TRACEPARENT.fullmatch(traceparent)
    if read is None:
        return None
    trace_number, span_number, flags = (int(part, 16) for part in read.groups())
    if not trace_number or not span_number:
        return None
    return SpanContext(trace_number, span_number, is_remote=True, trace_flags=TraceFlags(flags))


def context_of(traceparent: str) -> Context | None:
    """The parent for a span of this trace; None leaves the tracer to begin one."""
    if not exporting():
        return None
    span = parse(traceparent)
    return trace.set_span_in_context(NonRecordingSpan(span)) if span else None


def traceparent_of(span: Span) -> str:
    """The trace context that names a span; empty for one that nobody records."""
    named = span.get_span_context()
    if not named.is_valid:
        return ""
    return f"00-{named.trace_id:032x}-{named.span_id:016x}-{named.trace_flags:02x}"


def configure(service: str) -> Callable[[], None]:
    """Exports spans to OTEL_EXPORTER_OTLP_ENDPOINT in the background; without it, does nothing. Returns what ends that,
    within a second, whatever the collector does."""
    if not exporting():
        return lambda: None
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    from chassis.span_export import SpanQueue

    # It tells of each attempt, for as long as a collector is away; the queue says once what matters.
    logging.getLogger("opentelemetry.exporter.otlp").setLevel(logging.CRITICAL)
    named = {"service.name": os.environ.get("OTEL_SERVICE_NAME") or service}
    provider = TracerProvider(resource=Resource.create(named), shutdown_on_exit=False)
    provider.add_span_processor(SpanQueue(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return provider.shutdown


@cache
def exporting() -> bool:
    """Whether spans leave this process."""
    return bool(os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"))
