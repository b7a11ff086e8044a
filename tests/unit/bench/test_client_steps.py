"""The steps of a real client as its model sees them, and what they take more than others."""

from __future__ import annotations

import asyncio

import pytest
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route
from starlette.types import Message

from bench.client_steps import Exchange, Stopwatch, steps
from bench.rounds import figures, more_than


def test_a_step_lasts_from_an_answer_to_the_request_for_the_next_whatever_was_asked_in_between() -> None:
    exchanges = [
        Exchange(0.0, 1.0, b"a title"),
        Exchange(0.5, 2.0, b"call one"),
        Exchange(2.1, 2.2, b"a summary"),
        Exchange(5.0, 6.0, b"call two"),
        Exchange(7.5, 8.0, b"the end"),
    ]

    assert steps(exchanges, ["one", "two", "end"]) == [3.0, 1.5]
    with pytest.raises(LookupError, match="three"):
        steps(exchanges, ["one", "three"])


async def test_a_streamed_answer_is_sent_and_timed_in_one_piece() -> None:
    async def stream(_request: object) -> StreamingResponse:
        return StreamingResponse(iter(["one ", "two"]))

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    watch = Stopwatch(Starlette(routes=[Route("/", stream)]))
    await watch({"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}, receive, send)

    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    (exchange,) = watch.exchanges
    assert exchange.said == sent[1]["body"] == b"one two"
    assert exchange.came <= exchange.gone


def test_what_a_round_takes_more_is_held_against_its_own_floor() -> None:
    # The machine was slow in the second round, for both.
    floor, figure = figures([[0.010], [0.100], [0.012]]), figures([[0.013], [0.104], [0.014]])

    assert more_than(figure, floor) == pytest.approx(3.0)
