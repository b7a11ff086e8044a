"""What a machine makes of a fleet that does what none should."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client import REGISTRY

from chassis.breaker import Breaker
from chassis.faults import ServiceUnavailable
from chassis.identifiers import new_ulid
from gateway.edge import link as link_module
from gateway.edge.upstream import IN_FLIGHT, SLOW_FROM, Upstream
from gateway.handling import Handled
from spark.moment.v1 import moment_pb2
from spark.router.v1 import router_pb2
from tests.integration.edge.scripted_fleet import reply, scripted, taken

QUICK_S = 0.1
ODD_HOST = b'{"error":{"message":"the Host header\\u001b is odd"}}'


def lost() -> float:
    return REGISTRY.get_sample_value("spark_events_lost_total", {"event": "moment"}) or 0.0


async def hook(upstream: Upstream, limit: float = 2.0) -> Handled:
    moment = moment_pb2.Moment(envelope=moment_pb2.Envelope(event_id="0" * 32, decision_id=new_ulid()))
    return await upstream.handle([moment], 0, limit, 0.0)


async def trouble(upstream: Upstream) -> str:
    try:
        await upstream.check()
    except ServiceUnavailable as error:
        return error.message
    return ""


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (reply(200, b"\xff\xff\xff"), "something else than Spark"),
        (reply(200, b"<html>", "text/html"), "something else than Spark"),
        (reply(200, b"", "text/html"), "something else than Spark"),
        (taken("x\r\nset-cookie: a"), "something else than Spark"),
        (reply(200, bytes(300 * 1024)), "something else than Spark"),
        (reply(401), "does not know the token"),
        (
            reply(403, b'{"error":{"message":"the Host header\\u001b is odd"}}', "application/json"),
            "403: the Host header is",
        ),
        (reply(404), "older than this"),
        (reply(503, b"nobody"), "it answers 503"),
        (b"no HTTP\r\n\r\n", ""),
    ],
)
async def test_what_is_no_answer_is_silence_counted_and_told(answer: bytes, why: str) -> None:
    async def post(_: str, __: bytes) -> bytes:
        return answer

    async with scripted(post) as (_, link):
        upstream, before = Upstream(link), lost()
        handled = await hook(upstream)
        assert handled.sequence == 0
        assert handled.decision is not None
        assert handled.decision.silence == router_pb2.SILENCE_STORE_UNAVAILABLE
        assert lost() == before + 1
        if why:
            assert why in await trouble(upstream)
            assert why in await trouble(upstream), "that somebody greets takes nothing of it back"


async def test_a_hook_that_is_refused_says_nothing_of_the_fleet() -> None:
    answers = [reply(503), taken(), reply(400, b'{"error":{"message":"odd"}}', "application/json"), taken()]

    async def post(_: str, __: bytes) -> bytes:
        return answers.pop(0)

    async with scripted(post) as (_, link):
        upstream = Upstream(link, Breaker(failures=1, first_pause_s=0.0))
        assert [(await hook(upstream)).sequence for _ in range(4)] == [0, 7, 0, 7]
        assert await trouble(upstream) == ""


async def test_a_trial_that_is_refused_closes_the_circuit() -> None:
    answers = [reply(503), reply(400), taken(), taken()]

    async def post(_: str, __: bytes) -> bytes:
        return answers.pop(0)

    async with scripted(post) as (_, link):
        upstream = Upstream(link, Breaker(failures=1, first_pause_s=0.0))
        assert [(await hook(upstream)).sequence for _ in range(4)] == [0, 0, 7, 7]


async def test_late_ones_that_fail_are_lost_and_those_that_do_not_are_not() -> None:
    answered = asyncio.Event()
    answers = [reply(503), taken()]

    async def post(_: str, __: bytes) -> bytes:
        await answered.wait()
        return answers.pop(0)

    async with scripted(post) as (_, link):
        upstream, before = Upstream(link), lost()
        for _ in range(2):
            handled = await hook(upstream, QUICK_S)
            assert handled.decision is not None
            assert handled.decision.silence == router_pb2.SILENCE_DEADLINE
        assert lost() == before
        answered.set()
        await upstream.close()
        assert lost() == before + 1


async def test_while_it_is_slow_nothing_is_asked_that_nobody_would_hear() -> None:
    answered = asyncio.Event()

    async def post(_: str, __: bytes) -> bytes:
        await answered.wait()
        return taken()

    async with scripted(post) as (far, link):
        upstream = Upstream(link)
        for _ in range(SLOW_FROM):
            await hook(upstream, QUICK_S)
        began = asyncio.get_running_loop().time()
        await hook(upstream, 60)
        assert asyncio.get_running_loop().time() - began < 10
        answered.set()
        await upstream.close()
        assert [request.HasField("answered") for request in far.requests].count(False) == 1


async def test_a_reply_that_drips_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "PATIENCE_S", 0.3)

    async def post(_: str, __: bytes) -> bytes:
        return b"HTTP/1.1 200 X\r\ncontent-type: application/x-protobuf\r\ncontent-length: 9\r\n\r\n1"

    async with scripted(post) as (_, link):
        upstream, before = Upstream(link), lost()
        assert (await hook(upstream)).sequence == 0
        assert lost() == before + 1


async def test_what_is_under_way_is_bounded_and_lost_at_the_end() -> None:
    never = asyncio.Event()

    async def post(_: str, __: bytes) -> bytes:
        await never.wait()
        return taken()

    async with scripted(post) as (_, link):
        upstream, before = Upstream(link), lost()
        await asyncio.gather(*(hook(upstream, 0.01) for _ in range(IN_FLIGHT + 3)))
        assert lost() == before + 3
        await upstream.close()
        assert lost() == before + IN_FLIGHT + 3


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
async def test_no_proxy_hears_what_is_for_this_machine(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "http://127.0.0.1:9")

    async def post(_: str, __: bytes) -> bytes:
        return taken()

    async with scripted(post) as (_, link):
        assert (await hook(Upstream(link))).sequence == 7
