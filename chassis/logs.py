"""JSON log lines with an `action` word and the trace that they belong to."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from chassis.calls import present_trace
from chassis.tracing import trace_id

STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, message, action, trace, and whatever was given as extra."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        fixed = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        extras = {key: value for key, value in record.__dict__.items() if key not in STANDARD}
        line: dict[str, object] = {**fixed, **extras, **fixed}
        if trace := trace_id(present_trace()):
            line["trace_id"] = trace
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        try:
            return json.dumps(line, default=str, allow_nan=False)
        except (TypeError, ValueError):
            # A key that is no text, a number that JSON lacks, a value that holds itself: better odd than lost.
            return json.dumps({key: value if isinstance(value, str) else repr(value) for key, value in line.items()})


def configure(level: str = "INFO") -> None:
    """Sends the process's log to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
