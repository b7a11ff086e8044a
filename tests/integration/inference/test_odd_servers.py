"""What a server says that cannot be so is not believed: engines on a real connection, the server made up."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from services.inference.model import Delta, Finished, Usage
from services.inference.ports import EngineError
from tests.integration.inference.odd_server import KEY, Odd, asked, odd_server

KINDS = pytest.mark.parametrize("kind", ["openai", "anthropic"])


@pytest.fixture
def odd() -> Generator[Odd]:
    with odd_server() as odd:
        yield odd


async def heard(odd: Odd, kind: str) -> tuple[list[str], Usage]:
    """The pieces of one generation, and what it took."""
    engine = odd.engine(kind)
    await engine.start()
    try:
        events = [event async for event in engine.generate(asked())]
    finally:
        await engine.close()
    finished = events[-1]
    assert isinstance(finished, Finished)
    return [event.text for event in events if isinstance(event, Delta)], finished.usage


@KINDS
async def test_a_count_of_tokens_is_taken(odd: Odd, kind: str) -> None:
    assert await heard(odd, kind) == (["an ", "answer"], Usage(3, 2, counted_by_engine=True))


@KINDS
@pytest.mark.parametrize("count", [-1, 1 << 29, 1 << 40, 1.5, None, [], {}])
async def test_what_is_no_count_of_tokens_leaves_it_to_the_estimate(odd: Odd, kind: str, count: object) -> None:
    odd.read = count
    assert (await heard(odd, kind))[1] == Usage()
    odd.read, odd.written = 3, count
    assert (await heard(odd, kind))[1] == Usage()


@KINDS
async def test_a_letter_that_comes_in_halves_is_whole_and_a_half_alone_is_none(odd: Odd, kind: str) -> None:
    odd.pieces = ("well \ud83d", "\ude00 ", "\ude00", "\ud83d", "so", "\ud83d")
    assert (await heard(odd, kind))[0] == ["well ", "\U0001f600 ", "\ufffd", "\ufffdso"]


@KINDS
async def test_a_piece_that_is_no_text_is_left_out(odd: Odd, kind: str) -> None:
    odd.pieces = ("an ", ["list"], {"a": "b"}, 7, None, "answer")
    assert (await heard(odd, kind))[0] == ["an ", "answer"]


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("gpt-4o-mini", "gpt-4o-mini"),
        ("hf.co/meta-llama/Llama-3.1-8B-Instruct-GGUF:Q4_K_M", "hf.co/meta-llama/Llama-3.1-8B-Instruct-GGUF:Q4_K_M"),
        (KEY, "unnamed"),
        (f"models/{KEY}", "unnamed"),
        ("two\nlines", "unnamed"),
        ("x" * 129, "unnamed"),
    ],
)
async def test_a_models_name_is_shown_where_it_is_one_and_has_no_key_in_it(odd: Odd, told: str, shown: str) -> None:
    odd.model = told
    engine = odd.engine("openai")
    await engine.start()
    assert engine.model == shown
    assert [event async for event in engine.generate(asked())]
    await engine.close()
    # The server is asked for what it calls it.
    assert [body["model"] for body in odd.asked] == [told]


@pytest.mark.parametrize("told", [None, "", 7, ["odd"]])
async def test_a_server_that_names_no_model_is_not_used(odd: Odd, told: object) -> None:
    odd.model = told
    engine = odd.engine("openai")
    with pytest.raises(EngineError, match="names no model"):
        await engine.start()
    await engine.close()
