"""The live route, through the whole system: a model is asked where no packet is there and time is left, and only then;
what a user said in a conversation is told in the user's own words."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from host.connection import connected
from services.router.gate import SAID_LABEL
from spark.gateway.v1 import hooks_pb2
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub
from spark.inference.v1 import engines_pb2, inference_pb2
from spark.inference.v1.inference_pb2_grpc import InferenceServiceStub
from spark.router.v1 import router_pb2
from tests.integration.chassis.waiting import eventually
from tests.integration.router.test_router_switches import FAILS, WORKS, failure, hook
from tests.integration.speaking_model import Model, speaking

if TYPE_CHECKING:
    from spark.gateway.v1.hooks_pb2_grpc import HooksServiceAsyncStub

SAID = "We deploy the shop with `make ship`, never with kubectl"
PROMPT = "Deploy the shop to staging"
WORDED = 'The user said to Spark: "We deploy the shop with `make ship`, never with kubectl".'
MISSING = "Exit code 127\n/bin/sh: 1: tool: not found"


@pytest.fixture
def model() -> Generator[Model]:
    with speaking() as model:
        yield model


@asynccontextmanager
async def gateway_with(home: Path, model: Model | None = None, **flags: str) -> AsyncGenerator[HooksServiceAsyncStub]:
    """The gateway of a whole Spark whose hooks have 4 s, with a model where there is one."""
    settings: Mapping[str, str] = {"advisory.max_ms": "4000", **{f"advisory.{name}": flags[name] for name in flags}}
    if model is not None:
        chosen = {"inference.engines": "openai", "inference.openai_url": model.url, "synthesizer.mode": "auto"}
        settings = {**settings, **chosen}
    async with connected(home, {}, settings) as connection:
        if model is not None:
            inference = InferenceServiceStub(connection.channels.to("inference"))

            async def ready() -> bool:
                told = await inference.GetHealth(inference_pb2.GetHealthRequest())
                return told.engines[0].state == engines_pb2.ENGINE_STATE_READY

            await eventually(ready)
        yield HooksServiceStub(connection.channels.to("gateway"))


async def say(gateway: HooksServiceAsyncStub, text: str, session: str = "terminal") -> None:
    """Says something to Spark in a conversation, and returns once hooks recall it."""
    async for _ in gateway.Chat(hooks_pb2.ChatRequest(chat=inference_pb2.ChatRequest(session_id=session, text=text))):
        pass
    await warm(gateway)


async def warm(gateway: HooksServiceAsyncStub) -> None:
    """Returns once memory answers within a hook's patience: at first it reads its weights."""

    async def recalls() -> bool:
        return router_pb2.SOURCE_CONVERSATION in (await prompted(gateway, "warming", "Rename nothing")).absent

    await eventually(recalls)


async def prompted(gateway: HooksServiceAsyncStub, session: str = "one", prompt: str = PROMPT) -> router_pb2.Decision:
    return (await hook(gateway, session, "UserPromptSubmit", prompt=prompt)).decision


async def test_what_the_user_said_is_quoted_once_in_a_session_and_never_without_being_asked_for(
    tmp_path: Path,
) -> None:
    async with gateway_with(tmp_path, include_mind="1") as gateway:
        await say(gateway, SAID)
        decision = await prompted(gateway)
        assert decision.route == router_pb2.ROUTE_DETERMINISTIC
        assert f'The user said to Spark on {said_on(decision)}: "{SAID}"' in decision.text
        assert decision.said[0].source == router_pb2.SOURCE_CONVERSATION
        assert (await prompted(gateway, prompt="Now deploy the shop for real")).text == ""
        assert (await prompted(gateway, "two", "Rename the colour of a button")).text == ""
        assert SAID in (await prompted(gateway, "two")).text
    async with gateway_with(tmp_path) as gateway:
        assert SAID not in (await prompted(gateway, "three")).text


async def test_another_conversation_is_not_looked_at(tmp_path: Path) -> None:
    async with gateway_with(tmp_path, include_mind="1") as gateway:
        await say(gateway, SAID, session="elsewhere")
        decision = await prompted(gateway)
    assert (decision.text, list(decision.absent)[-1]) == ("", router_pb2.SOURCE_CONVERSATION)
    async with gateway_with(tmp_path, include_mind="1", mind_session="elsewhere") as gateway:
        await warm(gateway)
        assert SAID in (await prompted(gateway, "two")).text


async def test_a_model_words_it_where_no_packet_is_there(tmp_path: Path, model: Model) -> None:
    async with gateway_with(tmp_path, model, include_mind="1") as gateway:
        await say(gateway, SAID)
        model.advice = WORDED
        decision = await prompted(gateway)
    assert (decision.route, decision.live_unavailable) == (router_pb2.ROUTE_LIVE, "")
    assert decision.text == f"{SAID_LABEL}{WORDED}"
    assert SAID in decision.said[0].text, "what it rests on can still be seen"
    assert SAID in model.asked[-1]


async def test_two_pieces_are_said_as_they_are(tmp_path: Path, model: Model) -> None:
    async with gateway_with(tmp_path, model, include_mind="1") as gateway:
        other = "The shop deploys need the VPN first"
        for text in (SAID, other):
            await say(gateway, text)
        model.advice = WORDED
        before = len(model.asked)
        decision = await prompted(gateway)
    assert (decision.live_unavailable, len(model.asked)) == ("several pieces are said", before)
    assert len(decision.said) == 2
    assert SAID in decision.text
    assert other in decision.text


async def test_an_invention_of_the_model_is_not_said(tmp_path: Path, model: Model) -> None:
    async with gateway_with(tmp_path, model, include_mind="1") as gateway:
        await say(gateway, SAID)
        model.advice = "Run `make ship --force` on the shop."
        decision = await prompted(gateway)
    assert (decision.route, decision.live_unavailable) == (router_pb2.ROUTE_DETERMINISTIC, "invented")
    assert SAID in decision.text


async def test_a_packet_is_said_as_it_is(tmp_path: Path, model: Model) -> None:
    async with gateway_with(tmp_path, model, include_mind="1") as gateway:
        await failure(gateway, "one")
        call = {"tool_name": "Bash", "tool_input": {"command": WORKS}, "tool_use_id": "one-2"}
        await hook(gateway, "one", "PostToolUse", **call, tool_response={"stdout": "done"})
        before = len(model.asked)
        decision = (await failure(gateway, "two")).decision
    assert decision.route == router_pb2.ROUTE_PACKET_EXACT
    assert (decision.live_unavailable, len(model.asked)) == ("packets answer", before)


async def test_a_general_tip_is_worded_with_the_call_that_failed(tmp_path: Path, model: Model) -> None:
    model.advice = "A missing program may be in the scripts of the project: `tool go --old x`."
    async with gateway_with(tmp_path, model, baseline="1") as gateway:
        decision = (await failure(gateway, "one", MISSING)).decision
    assert f"`{FAILS}`" in model.asked[-1]
    assert "not found" in model.asked[-1]
    assert "In general" in decision.said[0].text


@pytest.mark.parametrize(
    ("flags", "why"),
    [({"max_ms": "1000"}, "needs 1.8 s"), ({"live_needs_s": "3.9"}, "needs 3.9 s")],
    ids=["the usual need", "a need of one's own"],
)
async def test_without_time_no_model_is_asked(tmp_path: Path, model: Model, flags: dict[str, Any], why: str) -> None:
    model.advice = WORDED
    async with gateway_with(tmp_path, model, include_mind="1", **flags) as gateway:
        await say(gateway, SAID)
        before = len(model.asked)
        decision = await prompted(gateway)
    assert decision.live_unavailable.startswith(why)
    assert (decision.route, len(model.asked)) == (router_pb2.ROUTE_DETERMINISTIC, before)
    assert SAID in decision.text


async def test_a_model_that_is_late_costs_nothing_but_its_words(tmp_path: Path, model: Model) -> None:
    model.advice, model.after_s = WORDED, 10
    async with gateway_with(tmp_path, model, include_mind="1", max_ms="900", live_needs_s="0.1") as gateway:
        model.after_s = 0
        await say(gateway, SAID)
        model.after_s = 10
        decision = await prompted(gateway)
        model.after_s = 0
    assert decision.route == router_pb2.ROUTE_DETERMINISTIC
    assert decision.live_unavailable
    assert SAID in decision.text


async def test_without_an_engine_the_sources_speak_for_themselves(tmp_path: Path) -> None:
    async with gateway_with(tmp_path, include_mind="1") as gateway:
        await say(gateway, SAID)
        decision = await prompted(gateway)
    assert decision.route == router_pb2.ROUTE_DETERMINISTIC
    assert decision.live_unavailable == "synthesizer.mode is programmatic"


def said_on(decision: router_pb2.Decision) -> str:
    """The day that a piece names."""
    return decision.said[0].text.partition(" on ")[2][:10]
