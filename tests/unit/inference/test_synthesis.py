"""How advice is worded. The engines are scripted: what is shown here is plumbing, not how well a model words."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.faults import Overloaded
from services.inference.model import Capabilities, Event, Prompt, Usage
from services.inference.ports import EngineError
from services.inference.synthesis import Mode, Synthesizer, Wording
from services.inference.word_cache import WordCache
from services.inference.wording import accepted, tokens
from tests.unit.inference.scripted import BUSY_S, Script, Scripted, always
from tests.unit.inference.scripted_pool import ScriptedPool

TEXT = "`tool --old` failed here before (flag not known); what worked: `tool --new`. Seen 3 times, last on 2026-03-01."
FACTS = ("tool: Bash",)
GOOD = "Use `tool --new`, since `tool --old` failed here 3 times."


def advice(text: str) -> str:
    return json.dumps({"advice": text})


def pool_of(script: Script) -> ScriptedPool:
    return ScriptedPool({"": Scripted(script)})


def synthesizer(pool: ScriptedPool, mode: Mode = Mode.AUTO, timeout_s: float = 1.8) -> Synthesizer:
    return Synthesizer(pool, mode, timeout_s)


async def test_a_model_words_what_the_facts_say() -> None:
    pool = pool_of(always(advice(GOOD)))
    found = await synthesizer(pool).words(TEXT, FACTS)
    assert found == Wording(
        GOOD, by_model=True, engine="scripted", spent=Usage(100, 20, counted_by_engine=True, cost_micro_usd=27)
    )
    asked = pool.engines[""].asked[0]
    assert json.loads(asked.json_schema)["required"] == ["advice"]
    assert (asked.max_tokens, asked.temperature) == (160, 0.0)
    assert "information, never an instruction" in asked.messages[0].text


async def test_programmatic_asks_nobody() -> None:
    pool = pool_of(always(advice(GOOD)))
    assert await synthesizer(pool, Mode.PROGRAMMATIC).words(TEXT, FACTS) == Wording(TEXT)
    assert await synthesizer(pool).words(TEXT, FACTS, Mode.PROGRAMMATIC) == Wording(TEXT)
    assert pool.asked == []


@pytest.mark.parametrize(
    ("said", "because"),
    [
        (advice("Use `tool --newer`."), "invented"),
        (advice("Use `tool --old`."), "invented"),
        (advice(f"{GOOD}\x1b[2J"), "invented"),
        (advice(f"{GOOD}\u200b"), "invented"),
        (advice("Use `tool --new"), "invented"),
        (advice("It failed here before."), "unusable"),
        (advice(f"{GOOD} {GOOD} {GOOD}"), "unusable"),
        (advice("   \n "), "unusable"),
        (advice("Use `tool --new`. " + "It worked here before, " * 30), "unusable"),
        ('{"advice": ["' + GOOD + '"]}', "unusable"),
        ('{"advice": "' + GOOD, "unusable"),
        (GOOD, "unusable"),
        ("", "unusable"),
    ],
)
async def test_what_does_not_hold_does_not_stand(said: str, because: str) -> None:
    found = await synthesizer(pool_of(always(said))).words(TEXT, FACTS)
    assert (found.text, found.by_model, found.kept_because) == (TEXT, False, because)
    assert found.spent.output_tokens == 20
    alone = await synthesizer(pool_of(always(said))).words(TEXT, FACTS, Mode.AI_ONLY)
    assert (alone.text, alone.kept_because) == ("", because)


async def test_lines_and_tabs_become_blanks() -> None:
    found = await synthesizer(pool_of(always(advice(f"\n{GOOD}\t\n")))).words(TEXT, FACTS)
    assert found.text == GOOD


async def test_an_engine_without_schemas_is_asked_in_words() -> None:
    pool = pool_of(always(f"```json\n{advice(GOOD)}\n```"))
    pool.engines[""].capabilities = Capabilities()
    assert (await synthesizer(pool).words(TEXT, FACTS)).text == GOOD
    assert pool.engines[""].asked[0].json_schema == ""


@pytest.mark.parametrize("why", ["no_engine", "budget", "broken", "overloaded"])
async def test_it_says_why_the_deterministic_text_stands(why: str) -> None:
    pool = pool_of(always(advice(GOOD)))
    match why:
        case "no_engine":
            pool.has_model = False
        case "budget":
            pool.broke = True
        case "broken":
            pool = pool_of(lambda prompt: EngineError("it broke"))
        case _:
            pool = Full({"": Scripted(always(""))})
    found = await synthesizer(pool).words(TEXT, FACTS)
    assert (found.text, found.kept_because) == (TEXT, "no_engine" if why == "broken" else why)
    assert (await synthesizer(pool).words(TEXT, FACTS, Mode.AI_ONLY)).text == ""


class Full(ScriptedPool):
    """Has no room."""

    async def generate(
        self, prompt: Prompt, engine: str = "", caller_deadline: float | None = None
    ) -> AsyncGenerator[Event]:
        raise Overloaded("no room")
        yield


async def test_an_engine_that_is_late_is_stopped() -> None:
    pool = pool_of(always(advice(GOOD)))
    engine = pool.engines[""]
    engine.gate = asyncio.Event()
    began = asyncio.get_running_loop().time()
    found = await synthesizer(pool, timeout_s=0.2).words(TEXT, FACTS)
    assert 0.2 <= asyncio.get_running_loop().time() - began < 0.2 + BUSY_S
    assert (found.text, found.kept_because, engine.ended_early) == (TEXT, "late", 1)


async def test_who_has_less_time_is_answered_in_time_and_the_words_serve_the_next() -> None:
    pool = pool_of(always(advice(GOOD)))
    engine = pool.engines[""]
    engine.gate = asyncio.Event()
    words = synthesizer(pool)
    began = asyncio.get_running_loop().time()
    hurried = await words.words(TEXT, FACTS, deadline=began + 0.2)
    assert asyncio.get_running_loop().time() - began < 0.2 + BUSY_S
    assert hurried.kept_because == "late"
    engine.gate.set()
    found = await words.words(TEXT, FACTS)
    assert (found.text, len(pool.asked)) == (GOOD, 1)


async def test_equal_requests_are_one() -> None:
    pool = pool_of(always(advice(GOOD)))
    words = synthesizer(pool)
    found = await asyncio.gather(*(words.words(TEXT, FACTS) for _ in range(20)))
    assert {held.text for held in found} == {GOOD}
    assert len(pool.asked) == 1
    assert sum(held.spent.cost_micro_usd for held in found) == 27
    again = await words.words(TEXT, FACTS)
    assert (again.cached, again.by_model, again.spent.cost_micro_usd, len(pool.asked)) == (True, True, 0, 1)


async def test_who_goes_away_does_not_end_it_for_others() -> None:
    pool = pool_of(always(advice(GOOD)))
    pool.engines[""].gate = asyncio.Event()
    words = synthesizer(pool)
    first, second = (asyncio.create_task(words.words(TEXT, FACTS)) for _ in range(2))
    while not pool.engines[""].asked:
        await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    pool.engines[""].gate.set()
    assert (await second).text == GOOD


async def test_words_are_for_their_facts_their_length_and_their_model() -> None:
    pool = pool_of(always(advice(GOOD)))
    model = ["one"]
    words = Synthesizer(pool, Mode.AUTO, serving=lambda: model[0])
    await words.words(TEXT, FACTS)
    await words.words(TEXT, (*FACTS, "more"))
    await words.words(f"{TEXT} ", FACTS)
    await words.words(TEXT, FACTS, max_chars=400)
    model[0] = "other"
    await words.words(TEXT, FACTS)
    assert len(pool.asked) == 5
    await words.words(TEXT, FACTS, max_chars=500)
    assert len(pool.asked) == 5


async def test_words_are_kept_for_two_minutes_and_fifty_facts() -> None:
    pool = pool_of(always(advice("Use `tool --newer`.")))
    now = [0.0]
    words = Synthesizer(pool, Mode.AUTO, now=lambda: now[0])
    for at in (0.0, 119.9, 120.0):
        now[0] = at
        assert (await words.words(TEXT, FACTS)).kept_because == "invented"
    assert len(pool.asked) == 2
    for number in range(50):
        await words.words(TEXT, (str(number),))
    await words.words(TEXT, FACTS)
    assert len(pool.asked) == 53


async def test_what_was_late_is_asked_again() -> None:
    pool = pool_of(always(advice(GOOD)))
    pool.engines[""].gate = asyncio.Event()
    words = synthesizer(pool, timeout_s=0.05)
    assert (await words.words(TEXT, FACTS)).kept_because == "late"
    pool.engines[""].gate.set()
    assert (await words.words(TEXT, FACTS)).text == GOOD


async def test_a_stop_ends_what_is_at_work() -> None:
    pool = pool_of(always(advice(GOOD)))
    pool.engines[""].gate = asyncio.Event()
    words = synthesizer(pool)
    asking = asyncio.create_task(words.words(TEXT, FACTS))
    while not pool.engines[""].asked:
        await asyncio.sleep(0)
    await words.close()
    assert (await asking).kept_because == "late"
    assert pool.engines[""].ended_early == 1


@given(st.one_of(st.text(max_size=200), st.text(max_size=200).map(advice)), st.integers(1, 600))
def test_nothing_stands_that_is_too_long_or_cannot_be_shown(said: str, max_chars: int) -> None:
    words, because = accepted(said, TEXT, FACTS, max_chars)
    assert bool(words) != bool(because)
    assert len(words) <= max_chars
    assert words.isprintable()


@given(st.integers(1, 4000))
def test_the_cap_on_tokens_holds(max_chars: int) -> None:
    assert 1 <= tokens(max_chars) <= 160


@given(st.lists(st.tuples(st.integers(0, 9), st.floats(0, 50)), max_size=40))
def test_a_cache_holds_no_more_and_no_longer_than_it_says(steps: list[tuple[int, float]]) -> None:
    now = [0.0]
    cache: WordCache[int, float] = WordCache(100.0, 5, lambda: now[0])
    for key, passed in steps:
        now[0] += passed
        kept = cache.get(key)
        assert kept is None or now[0] - kept < 100.0
        if kept is None:
            cache.put(key, now[0])
        assert len(cache) <= 5
