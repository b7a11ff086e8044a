"""JSON log lines with an `action` word and the trace that they belong to."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from chassis.calls import current_call
from chassis.tracing import trace_id

STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, message, action, trace, and whatever was given as extra."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        line.update({key: value for key, value in record.__dict__.items() if key not in STANDARD})
        call = current_call.get()
        if call is not None and call.traceparent:
            line["trace_id"] = trace_id(call.traceparent)
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configure(level: str = "INFO") -> None:
    """Sends the process's log to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
