"""A request's body as a JSON object, bounded before it is read and explained when it is none."""

from __future__ import annotations

import asyncio
import gc
from typing import cast

import orjson
from starlette.requests import Request

LIMIT_BYTES = 8 * 1024 * 1024
DRAIN_BYTES = 64 * 1024 * 1024
"""A client that is still sending never reads the refusal, so what is too large is read to its end and dropped."""
MOST_BRACKETS = 500_000
"""What makes JSON slow to read is how many objects and lists it holds: so many take 60 ms, for which all hooks wait."""
READ_SECONDS = 5.0
"""Patience with a client that sends its body drop by drop; an agent waits 1 s for its hook at most."""


class Refused(Exception):
    """The request cannot be served; status, reason and message are for the client."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message


async def json_object(request: Request) -> dict[str, object]:
    """The body as a JSON object.

    Raises:
        Refused: 415 for another content type, 413 for more than 8 MiB, 408 for one that does not end, 400 for what is
            no JSON object.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refused(415, "UNSUPPORTED_MEDIA_TYPE", "send application/json")
    try:
        async with asyncio.timeout(READ_SECONDS):
            body = await bounded_body(request)
    except TimeoutError:
        raise Refused(408, "TOO_SLOW", f"the body did not end within {READ_SECONDS:.0f} s") from None
    try:
        return object_in(body)
    except ValueError as error:
        raise Refused(400, "INVALID_JSON", f"the body is {error}") from error


def object_in(data: bytes) -> dict[str, object]:
    """The JSON object that the bytes are, without the NULs in its strings, which Postgres cannot keep.

    Raises:
        ValueError: when they are none; its text says what they are instead.
    """
    if len(data) > MOST_BRACKETS and data.count(b"[") + data.count(b"{") > MOST_BRACKETS:
        raise ValueError(f"no hook's JSON: it holds more than {MOST_BRACKETS:,} brackets")
    # Collecting garbage while a large document is built would look through all of it again and again: four times the
    # time for many small lists.
    collecting = gc.isenabled()
    gc.disable()
    try:
        value: object = orjson.loads(without_nuls(data))
    except orjson.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at byte {error.pos}") from error
    finally:
        if collecting:
            gc.enable()
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return cast(dict[str, object], value)


def without_nuls(data: bytes) -> bytes:
    """JSON without its escaped NULs; each is told from an escaped backslash before the letters u0000."""
    # With a NUL as it is it is no JSON, and must not become any.
    if rb"\u0000" not in data or b"\0" in data:
        return data
    return data.replace(rb"\\", b"\0").replace(rb"\u0000", b"").replace(b"\0", rb"\\")


async def bounded_body(request: Request) -> bytes:
    """The body when it is small enough.

    Raises:
        Refused: 413 when it is not.
    """
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > DRAIN_BYTES:
            break
        if size <= LIMIT_BYTES:
            parts.append(part)
    if size > LIMIT_BYTES:
        raise Refused(413, "TOO_LARGE", f"the body is over {LIMIT_BYTES // 2**20} MiB")
    return b"".join(parts)
