"""Planted texts in every place that anything is learnt from; then all that was said or stands ready to be said."""

from __future__ import annotations

import re
import time
from collections import Counter

import httpx
import pytest

from chassis.identifiers import new_ulid
from chassis.quotation import TAG
from services.prefetch.records import load_history
from services.prefetch.wording import of_forecast
from services.router.gate import LABEL
from spark.packets.v1 import packets_pb2
from tests.integration.metric_text import happened
from tests.integration.poisoning.planted import LONG_CHARS, MARK, PLACES, Course, texts_for
from tests.integration.system.coding_agent import Payload, advice_in, sequence_of
from tests.integration.system.running_spark import HOOK_PATH, Spark
from tests.integration.system.witness import DEADLINE_SECONDS

SESSIONS = 2
ATTEMPTS = 4
CHARS = 500
QUOTED = re.compile(r'"[^"\n]*"|`[^`\n]*`')


def bare(text: str) -> str:
    """What stands outside of any quotation, which the agent reads as Spark's own words."""
    return QUOTED.sub("", text)


def assert_harmless(text: str, where: str) -> None:
    """Nothing of it speaks to the agent but Spark."""
    assert MARK not in bare(text).lower(), (where, text)
    assert not TAG.search(text), (where, text)
    assert text.replace("\n", "").isprintable(), (where, text)
    assert "\ufe0f" not in text, (where, text)


async def in_time(client: httpx.AsyncClient, payload: Payload) -> httpx.Response:
    """The reply to a hook, which must not wait for what is done with a text.

    On a busy machine any hook may be late; what a text brings about comes every time.
    """
    replies: list[httpx.Response] = []
    took = 0.0
    for _ in range(ATTEMPTS):
        began = time.monotonic()
        replies.append(await client.post(HOOK_PATH, json=payload))
        took = time.monotonic() - began
        if took < DEADLINE_SECONDS:
            return replies[0]
    raise AssertionError(f"{payload['hook_event_name']} took {took * 1000:.0f} ms, every time")


async def driven(system: Spark, place: str) -> list[str]:
    """All advice of the courses of a place, in a project of its own; what came before is learnt from first."""
    courses = [Course(place, text, f"/srv/planted-{place}") for text in texts_for(place)]
    said: list[str] = []
    async with system.http() as client:
        for number in range(SESSIONS):
            last = 0
            for course in courses:
                if number and len(course.text) > LONG_CHARS:  # It takes long to send.
                    continue
                for payload in course.hooks(number):
                    reply = await in_time(client, payload)
                    said += filter(None, [advice_in(reply)])
                    last = max(last, sequence_of(reply))
            await system.settle(last, forecasts=True)
    return said


async def standing(system: Spark) -> dict[str, list[str]]:
    """The texts that stand ready to be said."""
    packets = await system.rows("select text from packets.packet")
    lessons = await system.rows("select body->>'text' from memory.lesson")
    given = await system.rows("select text from packets.advice")
    bodies = [row[0] for row in await system.rows("select body from packets.preparation")]
    prepared = [packet.text for body in bodies for packet in packets_pb2.Preparation.FromString(body).packets]
    histories = await system.rows("select group_name, body from prefetch.group_history")
    forecasts = [of_forecast(row[0], load_history(row[1])) for row in histories]
    texts = {"packets": packets, "lessons": lessons, "advice": given}
    kept = {name: [row[0] for row in rows if row[0]] for name, rows in texts.items()}
    return {**kept, "prepared": prepared, "forecasts": forecasts}


async def test_nothing_planted_speaks_to_the_agent(system: Spark) -> None:
    # One place after the other: how long a hook takes is measured too.
    said = {place: await driven(system, place) for place in PLACES}
    for place, texts in said.items():
        for text in texts:
            assert text.startswith(LABEL)
            assert len(text) <= CHARS, text
            assert_harmless(text, place)
    ready = await standing(system)
    for where, texts in ready.items():
        # What is prepared may be nothing while the machine is busy.
        assert texts or where == "prepared"
        for text in texts:
            assert_harmless(text, where)
    quoted = Counter(place for place, texts in said.items() for text in texts if MARK in text.lower())
    print({place: (len(texts), quoted[place]) for place, texts in said.items()}, {k: len(v) for k, v in ready.items()})
    # Else none of it was put to the test.
    assert not [place for place in PLACES if not said[place]]
    assert quoted.keys() >= {"error", "command", "description", "path", "content", "tool"}
    assert any(MARK in text for text in ready["lessons"] if "refused" in text)
    async with system.http() as client:
        assert not happened((await client.get("/metrics")).text, 'result="dead"')
    assert "Traceback" not in system.said


@pytest.mark.parametrize("escaped", [r"\ud800", r"\udfff\ud800", r"\u0000\ud83d"])
async def test_broken_letters_harm_nobody(system: Spark, escaped: str) -> None:
    fields = f'"session_id": "{new_ulid()}", "cwd": "/srv/x", "prompt": "run {escaped}"'
    hook = f'{{"hook_event_name": "UserPromptSubmit", {fields}}}'
    async with system.http() as client:
        broken = await client.post(HOOK_PATH, content=hook, headers={"content-type": "application/json"})
        assert broken.status_code in {200, 400}
        assert isinstance(broken.json(), dict)
        whole = next(Course("prompt", "", "/srv/x").hooks(0))
        assert sequence_of(await client.post(HOOK_PATH, json=whole)) > 0
