"""What a server says that cannot be so is not believed: engines on a real connection, the server made up."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from services.inference.model import Delta, Finished, Usage
from tests.integration.inference.odd_server import Odd, asked, odd_server

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
