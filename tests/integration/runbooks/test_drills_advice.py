"""Drills: what is told, by whom, and of what use it is."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta

import httpx
import pytest

from chassis.identifiers import new_ulid
from tests.integration.runbooks.ground import Ground, drills
from tests.integration.runbooks.pages import DO, LOOK, VERIFY
from tests.integration.runbooks.traffic import hooks
from tests.integration.speaking_model import Model, speaking
from tests.integration.system.coding_agent import Agent, advice_in, failing, sequence_of, unknown_flag

# Commands are processes of their own, and with Postgres hanging each waits for it.
pytestmark = pytest.mark.timeout(300)

SAID = "We deploy the shop with `make ship`, never with kubectl"
WORDED = 'The user said to Spark: "We deploy the shop with `make ship`, never with kubectl".'
PROMPT = "Deploy the shop to staging"
MOMENTS = 45
"""Shares of advice are judged from 40 moments on, those of the last day from 20."""
AT_ONCE = 4
OFTEN = timedelta(minutes=5)
"""For alerts that must hold for an hour."""


@pytest.fixture
def model() -> Generator[Model]:
    with speaking() as model:
        yield model


async def learnt(ground: Ground, client: httpx.AsyncClient, word: str) -> None:
    """A failure with its fix, ready to be told."""
    await ground.spark.settle(sequence_of(await Agent(client, "/srv/shop").learns(word)))


@drills("advised-share")
async def test_the_gate_holds_nearly_everything_back(ground: Ground) -> None:
    watched = await ground.up(SPARK_ADVISORY_SESSION_BUDGET="1", SPARK_ADVISORY_MAX_MS="2000")
    async with ground.http() as client:
        await learnt(ground, client, "held")
        agent = Agent(client, "/srv/shop")
        told = [advice_in(await agent.fails(failing("held"), unknown_flag("held"))) for _ in range(MOMENTS)]
    assert [bool(text) for text in told] == [True] + [False] * (MOMENTS - 1)
    assert (await watched.fires("advised-share"))["advised-share"] == "ticket"
    assert "session_budget" in (await ground.follow(LOOK, "advised-share")).replace(" ", "_")
    await ground.follow(DO, "advised-share")
    async with ground.http() as client:
        replies = await hooks(client, "/srv/shop", "held", MOMENTS, AT_ONCE)
    assert all(map(advice_in, replies))
    await ground.follow(VERIFY, "advised-share")
    await ground.watched().is_quiet("advised-share")


@drills("packet-share", "live-share")
async def test_a_model_words_all_that_is_told(ground: Ground, model: Model) -> None:
    watched = await ground.up(
        SPARK_ADVISORY_MAX_MS="4000",
        SPARK_ADVISORY_INCLUDE_MIND="1",
        SPARK_SYNTH_MODE="auto",
        SPARK_INFERENCE_ENGINES="openai",
        SPARK_INFERENCE_OPENAI_URL=model.url,
    )
    async with ground.http() as client:
        asked = {"session_id": "terminal", "text": SAID, "entry_id": new_ulid()}
        assert (await client.post("/v1/chat", json=asked)).status_code == 200
        model.advice = WORDED
        # Memory reads its weights at first, and says nothing meanwhile.
        worded = 0
        while worded < MOMENTS:
            worded += WORDED in advice_in(await Agent(client, "/srv/shop").prompts(PROMPT))
    await watched.fires("packet-share", "live-share")
    await ground.follow(LOOK, "packet-share", "live-share")
    await ground.follow(DO, "packet-share", "live-share")
    async with ground.http() as client:
        await learnt(ground, client, "packed")
        assert all(map(advice_in, await hooks(client, "/srv/shop", "packed", MOMENTS, AT_ONCE)))
    await ground.follow(VERIFY, "packet-share", "live-share")
    await ground.watched().is_quiet("packet-share", "live-share")


@drills("useful-share")
async def test_advice_is_called_unhelpful(ground: Ground) -> None:
    watched = await ground.up(SPARK_ADVISORY_MAX_MS="2000")
    async with ground.http() as client:
        await learnt(ground, client, "useless")
        assert all(map(advice_in, await hooks(client, "/srv/shop", "useless", 26, AT_ONCE)))
        given = [row["advice_id"] for row in await given_in(ground, 26)]
        await judge(client, given, "not-helpful")
        assert (await watched.fires("useful-share", every=OFTEN))["useful-share"] == "ticket"
        await ground.follow(LOOK, "useful-share")
        await ground.follow(DO, "useful-share")
        await judge(client, given, "helpful")
        await watched.is_quiet("useful-share")
        await ground.follow(VERIFY, "useful-share")


@drills("first-call-packets")
async def test_sessions_begin_with_what_nobody_knows(ground: Ground) -> None:
    watched = await ground.up(SPARK_ADVISORY_MAX_MS="2000")
    async with ground.http() as client:
        await begin(client, "new")
        assert (await watched.fires("first-call-packets", every=OFTEN))["first-call-packets"] == "ticket"
        await ground.follow(LOOK, "first-call-packets")
        ground.worked_before()
        await ground.follow(DO, "first-call-packets")
        await learnt(ground, client, "known")
        for _ in range(2):
            await begin(client, "known")
        await watched.is_quiet("first-call-packets")
        await ground.follow(VERIFY, "first-call-packets")


async def begin(client: httpx.AsyncClient, word: str) -> None:
    """Sessions whose first call is this one."""
    for _ in range(MOMENTS):
        agent = Agent(client, "/srv/shop")
        await agent.send(agent.call("PreToolUse", failing(word)))


async def given_in(ground: Ground, count: int) -> list[dict[str, str]]:
    """The advice that packets have heard of, once it is so much."""
    while True:
        rows = await ground.spark.rows("select advice_id from packets.advice")
        if len(rows) >= count:
            return [dict(row) for row in rows]


async def judge(client: httpx.AsyncClient, given: list[str], verdict: str) -> None:
    """A user's word on each."""
    for advice_id in given:
        reply = await client.post("/v1/feedback", json={"advice_id": advice_id, "verdict": verdict})
        assert reply.status_code == 200, reply.text
