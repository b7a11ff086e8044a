"""Log lines: each one JSON object on one line, whatever is put into it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from chassis.calls import CallContext, current_call
from chassis.logs import JsonLines

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def written() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def log(written: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> Iterator[logging.Logger]:
    def fail(record: logging.LogRecord) -> None:
        raise AssertionError(f"the line was lost: {record!r}")

    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    monkeypatch.setattr(handler, "handleError", fail)
    logger = logging.getLogger("tests.chassis.logs")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    yield logger
    logger.removeHandler(handler)
    logger.propagate = True


def only_line(written: io.StringIO) -> dict[str, Any]:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    (line,) = written.getvalue().splitlines()
    return json.loads(line, parse_constant=refuse)


def test_a_line_has_time_level_message_and_what_was_given(log: logging.Logger, written: io.StringIO) -> None:
    log.warning("%d events\nlost", 3, extra={"action": "events_lost", "stream": "MOMENTS"})
    line = only_line(written)
    assert datetime.fromisoformat(line.pop("time")).utcoffset() is not None
    assert line == {"level": "warning", "message": "3 events\nlost", "action": "events_lost", "stream": "MOMENTS"}


def test_a_line_written_during_a_call_carries_its_trace(log: logging.Logger, written: io.StringIO) -> None:
    token = current_call.set(CallContext("/m", "local", f"00-{TRACE}-b7ad6b7169203331-01"))
    try:
        log.info("now")
    finally:
        current_call.reset(token)
    assert only_line(written)["trace_id"] == TRACE


def test_an_exception_is_told_in_full(log: logging.Logger, written: io.StringIO) -> None:
    try:
        try:
            raise KeyError("inner")
        except KeyError as error:
            raise ValueError("outer") from error
    except ValueError:
        log.exception("failed", extra={"action": "it_failed"})
    line = only_line(written)
    assert "KeyError: 'inner'" in line["error"]
    assert "ValueError: outer" in line["error"]
    assert line["action"] == "it_failed"


def endless() -> dict[str, object]:
    holds_itself: dict[str, object] = {}
    holds_itself["self"] = holds_itself
    return holds_itself


@pytest.mark.parametrize(
    "odd",
    [
        b"\xff\x00",
        Path("/tmp"),
        {1, 2},
        object(),
        ValueError("what"),
        "\ud800 \x00 \u2028 \n",
        float("nan"),
        [float("inf")],
        {("a", "b"): 1},
        {"deep": {"deeper": [b"bytes"]}},
        endless(),
        10**400,
    ],
    ids=lambda odd: type(odd).__name__,
)
def test_an_odd_extra_never_loses_the_line(log: logging.Logger, written: io.StringIO, odd: object) -> None:
    log.info("odd", extra={"action": "odd", "value": odd})
    line = only_line(written)
    assert (line["message"], line["action"]) == ("odd", "odd")
    assert "value" in line


@pytest.mark.parametrize("name", ["time", "level"])
def test_an_extra_never_takes_the_place_of_what_every_line_has(
    log: logging.Logger, written: io.StringIO, name: str
) -> None:
    log.info("text", extra={name: "mine"})
    line = only_line(written)
    assert line["level"] == "info"
    assert datetime.fromisoformat(line["time"])
