"""The wire to a shared Spark: bounded in time and size, and believed as little as anything from outside."""

from __future__ import annotations

import asyncio
import re
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
from google.protobuf.message import DecodeError

from chassis.validation import broken_rules
from gateway.clients.fields import mapping, mapping_in, text_in
from gateway.moments_endpoint import MEDIA_TYPE, PATH
from spark.gateway.v1 import hooks_pb2

PATIENCE_S = 5.0
"""What is late for its hook may still be learnt from; its connection is not thrown away with it."""
LARGEST_BYTES = 256 * 1024
"""Of a reply: a decision has 8,000 characters to say, and names each piece that it thought of."""
KEPT_S = 55.0
"""A balancer closes what says nothing for a minute."""
SAID_CHARS = 200
OK, UNAUTHENTICATED = 200, 401
OF_ONE_HOOK = frozenset({400, 413, 415, 422})
"""Statuses that say something of what was sent, and nothing of who answers."""
NO_SENSE = "it answers something else than Spark does"
UNKNOWN = "it does not know the token; `spark down`, then `spark connect URL` with the one that holds now"
NO_SPARK = "no Spark answers there, or one that is older than this and takes nothing from other machines"

ULID = re.compile("[0-9A-HJKMNP-TV-Z]{26}")


@dataclass(frozen=True, slots=True)
class Fleet:
    """Where it is, and the token of one's workspace there."""

    url: str
    token: str


class LinkError(Exception):
    """Nothing came of it; the text says why. `by_reply` tells whether somebody answered."""

    def __init__(self, why: str, *, by_reply: bool = False) -> None:
        super().__init__(why)
        self.by_reply = by_reply


class UnknownToken(LinkError):
    """It answers, and does not know the token."""


class Refused(LinkError):
    """It answers, and does not take what was sent."""


class Link:
    """Connections to one shared Spark that are kept open.

    Raises:
        ValueError, ImportError: when HTTPS_PROXY or ALL_PROXY names what is no proxy, or one that is not supported.
    """

    def __init__(self, fleet: Fleet, verify: ssl.SSLContext) -> None:
        self.url = fleet.url
        self.client = httpx.AsyncClient(
            base_url=fleet.url,
            headers={"authorization": f"Bearer {fleet.token}", "accept-encoding": "identity"},
            verify=verify,
            timeout=PATIENCE_S,
            limits=httpx.Limits(keepalive_expiry=KEPT_S),
            # A proxy could read what goes to this very machine without TLS.
            trust_env=urlsplit(fleet.url).scheme == "https",
        )

    async def greet(self) -> None:
        """Asks whether moments are taken there.

        Raises:
            LinkError: when they are not.
        """
        kind, body = await self._asked(self.client.build_request("GET", PATH))
        if kind != "application/json" or b'"moments"' not in body:
            raise LinkError(NO_SPARK, by_reply=True)

    async def take(self, request: hooks_pb2.TakeMomentsRequest) -> hooks_pb2.TakeMomentsResponse:
        """Has the moments of one hook taken.

        Raises:
            Refused: when they are refused.
            LinkError: when it cannot be told that they were taken.
        """
        headers = {"content-type": MEDIA_TYPE, "traceparent": request.moments[0].envelope.traceparent}
        sent = self.client.build_request("POST", PATH, content=request.SerializeToString(), headers=headers)
        kind, body = await self._asked(sent)
        try:
            taken = hooks_pb2.TakeMomentsResponse.FromString(body)
        except DecodeError as error:
            raise LinkError(NO_SENSE, by_reply=True) from error
        # The id goes into a header.
        named = not taken.HasField("decision") or ULID.fullmatch(taken.decision.decision_id)
        if kind != MEDIA_TYPE or not named or broken_rules(taken):
            raise LinkError(NO_SENSE, by_reply=True)
        return taken

    async def close(self) -> None:
        """Hangs up."""
        await self.client.aclose()

    async def _asked(self, request: httpx.Request) -> tuple[str, bytes]:
        """The media type and the body of a reply that is no refusal.

        Raises:
            Refused: when what was sent is refused.
            UnknownToken: when the token is not known.
            LinkError: when no other reply comes in time.
        """
        try:
            async with asyncio.timeout(PATIENCE_S):
                reply = await self.client.send(request, stream=True)
                try:
                    body = await bounded(reply)
                finally:
                    await reply.aclose()
        except (httpx.TimeoutException, TimeoutError) as error:
            raise LinkError(f"no answer within {PATIENCE_S:.0f} s") from error
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            raise LinkError(str(error) or type(error).__name__) from error
        if reply.status_code in OF_ONE_HOOK:
            raise Refused(meaning(reply.status_code, body), by_reply=True)
        if reply.status_code == UNAUTHENTICATED:
            raise UnknownToken(UNKNOWN, by_reply=True)
        if reply.status_code != OK:
            raise LinkError(meaning(reply.status_code, body), by_reply=True)
        return reply.headers.get("content-type", "").partition(";")[0].strip().lower(), body


async def bounded(reply: httpx.Response) -> bytes:
    """A reply's body as it came.

    Raises:
        LinkError: when there is too much of it.
    """
    parts: list[bytes] = []
    size = 0
    async for part in reply.aiter_raw():
        size += len(part)
        if size > LARGEST_BYTES:
            raise LinkError(NO_SENSE, by_reply=True)
        parts.append(part)
    return b"".join(parts)


def meaning(status: int, body: bytes) -> str:
    """What a reply that is no answer says, in words; what Spark itself says of it is told too."""
    match status:
        case 404 | 405:
            return NO_SPARK
        case _:
            said = message_in(body)
            return f"it answers {status}{f': {said}' if said else ''}"


def message_in(body: bytes) -> str:
    """The message of an error of Spark's; empty where it is none."""
    error = mapping(mapping_in(body.decode(errors="replace")), "error")
    return "".join(each for each in text_in(error, "message") if each.isprintable())[:SAID_CHARS]
