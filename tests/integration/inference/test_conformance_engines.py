"""One suite over every engine. Where a case is labelled as speaking from documents, no such service was ever asked."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from pathlib import Path

import grpc
import grpc.aio
import pytest

from chassis.identifiers import new_ulid
from spark.inference.v1 import generation_pb2
from tests.contract.carried import refusal
from tests.integration.chassis.waiting import eventually
from tests.integration.inference.cases import Case
from tests.integration.inference.world import Reply, World, asked, inference, rest_of, until_piece

LONG = 16_000
"""Output tokens that take any of the servers seconds."""
SCHEMA = {
    "type": "object",
    "properties": {"who": {"enum": ["agent", "council"]}, "sure": {"type": "boolean"}},
    "required": ["who", "sure"],
    "additionalProperties": False,
}


def only_served(case: Case) -> None:
    if not case.served:
        pytest.skip("no server stands behind the template: its words are there at once")


async def test_a_completion_comes_in_pieces_and_says_what_it_took(world: World, case: Case) -> None:
    reply = await world.generated(asked("What is one and one?", max_tokens=24))
    assert reply.started is not None
    assert (reply.started.engine, reply.started.model) == (case.engine, (await world.info(case.engine)).model)
    assert reply.finished is not None
    assert reply.finished.reason in {generation_pb2.FINISH_REASON_STOP, generation_pb2.FINISH_REASON_LENGTH}
    assert len(reply.pieces) > 5
    usage = reply.finished.usage
    assert 0 < usage.output_tokens <= 24
    assert usage.input_tokens > 0
    assert usage.counted_by_engine == case.served == (await world.info(case.engine)).capabilities.usage
    await world.until_idle(case.engine)


async def test_pieces_come_while_the_engine_still_works(world: World, case: Case) -> None:
    only_served(case)
    call = world.stream(asked(max_tokens=LONG))
    await until_piece(call, 3)
    assert await asyncio.to_thread(case.busy) == 1
    call.cancel()


async def test_output_obeys_a_schema_or_the_request_is_refused(world: World, case: Case) -> None:
    request = asked("Who is it?", max_tokens=400, json_schema=json.dumps(SCHEMA))
    assert (await world.info(case.engine)).capabilities.json_schema == case.json_schema
    if case.json_schema:
        answer = json.loads((await world.generated(request)).text)
        assert set(answer) == {"who", "sure"}
        assert answer["who"] in {"agent", "council"}
        assert isinstance(answer["sure"], bool)
        return
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await world.generated(request)
    told = refusal(refused.value)
    assert (told.code, told.reason) == (grpc.StatusCode.UNIMPLEMENTED, "REASON_UNSUPPORTED")
    assert told.metadata == {"capability": "json_schema"}


async def test_a_schema_that_is_none_is_refused(world: World) -> None:
    for schema in ("{", "[]", "7"):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await world.generated(asked(json_schema=schema))
        assert refusal(refused.value).fields == (("json_schema", "is no JSON object"),)


async def test_output_ends_at_a_stop_text(world: World) -> None:
    request = asked("Go on.", max_tokens=24, temperature=0)
    whole = (await world.generated(request)).text
    stop = whole[6:9]
    request.request_id = new_ulid()
    request.stop.append(stop)
    reply = await world.generated(request)
    assert reply.text == whole[: whole.index(stop)]
    assert reply.finished is not None
    assert reply.finished.reason == generation_pb2.FINISH_REASON_STOP


async def test_tokens_are_bounded(world: World) -> None:
    reply = await world.generated(asked(max_tokens=5))
    assert reply.finished is not None
    assert reply.finished.reason == generation_pb2.FINISH_REASON_LENGTH
    assert reply.finished.usage.output_tokens <= 5


async def test_abort_ends_the_work_of_the_engine(world: World, case: Case) -> None:
    only_served(case)
    request = asked(max_tokens=LONG)
    call = world.stream(request)
    reply = await until_piece(call)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await world.generated(request)
    assert refusal(refused.value).fields == (("request_id", "is in use"),)
    await world.abort(request.request_id)
    reply = await rest_of(call, reply)
    assert reply.finished is not None
    assert reply.finished.reason == generation_pb2.FINISH_REASON_ABORTED
    assert 0 < reply.finished.usage.output_tokens < LONG
    await eventually(lambda: case.busy() == 0)
    await world.until_idle(case.engine)


async def test_there_is_nothing_to_abort_where_nothing_runs(world: World) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await world.abort(new_ulid())
    assert refusal(refused.value).reason == "REASON_NOT_FOUND"


async def test_a_caller_that_goes_away_takes_the_work_with_it(world: World, case: Case) -> None:
    only_served(case)
    call = world.stream(asked(max_tokens=LONG))
    await until_piece(call)
    call.cancel()
    await eventually(lambda: case.busy() == 0)
    await world.until_idle(case.engine)
    assert (await world.generated(asked(max_tokens=4))).finished is not None


async def test_a_deadline_ends_the_stream_with_its_reason(world: World, case: Case) -> None:
    only_served(case)
    reply = Reply()
    for _ in range(10):
        # On a machine that is busy with other things the caller's own clock may run out a quarter second later, too.
        with contextlib.suppress(grpc.aio.AioRpcError):
            reply = await world.generated(asked(max_tokens=LONG), timeout=2.5)
            break
    assert reply.pieces
    assert reply.failed is not None
    assert reply.failed.reason == "REASON_DEADLINE_EXCEEDED"
    assert reply.failed.usage.output_tokens > 0
    await eventually(lambda: case.busy() == 0)
    assert await world.state(case.engine) == "READY"


@pytest.fixture
async def narrow(case: Case, tmp_path: Path) -> AsyncGenerator[World]:
    """One runs, one waits."""
    only_served(case)
    limits = {"SPARK_INFERENCE_CONCURRENCY": "1", "SPARK_INFERENCE_QUEUE": "1"}
    async with inference(tmp_path / "home", {**case.settings, **limits}) as world:
        await world.until(case.engine, "READY")
        yield world


async def test_what_is_too_much_is_turned_away_and_what_waits_comes_next(narrow: World, case: Case) -> None:
    first, second = asked(max_tokens=LONG), asked(max_tokens=4)
    running = narrow.stream(first)
    reply = await until_piece(running)
    waiting = asyncio.ensure_future(narrow.generated(second))

    async def waits() -> bool:
        return (await narrow.load(case.engine)).queued == 1

    await eventually(waits)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await narrow.generated(asked(max_tokens=4))
    told = refusal(refused.value)
    assert (told.code, told.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "REASON_OVERLOADED")
    assert int(told.metadata["retry_after_ms"]) > 0
    load = await narrow.load(case.engine)
    assert (load.running, load.concurrency, load.queued, load.queue_limit, load.shed) == (1, 1, 1, 1, 1)
    await narrow.abort(first.request_id)
    assert (await rest_of(running, reply)).finished is not None
    second_reply = await waiting
    assert second_reply.finished is not None
    assert second_reply.started is not None
    assert second_reply.started.queued.ToMicroseconds() > 0


async def test_a_server_killed_in_the_middle_fails_the_stream_and_is_found_again(world: World, case: Case) -> None:
    only_served(case)
    call = world.stream(asked(max_tokens=LONG))
    reply = await until_piece(call)
    await asyncio.to_thread(case.kill)
    reply = await rest_of(call, reply)
    assert reply.failed is not None
    assert reply.failed.reason == "REASON_ENGINE_UNAVAILABLE"
    assert reply.failed.usage.output_tokens > 0
    await asyncio.to_thread(case.restart)
    await world.until(case.engine, "READY")
    assert (await world.generated(asked(max_tokens=4))).finished is not None
    assert not (await world.load(case.engine)).circuit_open
