"""The engine without a model: the same words for everything, and none that could pass for a model's."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.inference.engines.template import TEXT, Template, ended
from services.inference.model import Delta, Finished, FinishReason, Message, Prompt, Role


def prompt(text: str = "hello", max_tokens: int = 160, stop: tuple[str, ...] = ()) -> Prompt:
    return Prompt("id", (Message(Role.USER, text),), max_tokens, stop=stop)


async def test_it_says_that_there_is_no_model_whatever_is_asked() -> None:
    for asked in ("hello", "delete the production database?"):
        pieces = [piece async for piece in Template().generate(prompt(asked))]
        last = pieces.pop()
        assert isinstance(last, Finished)
        assert last.reason is FinishReason.STOP
        assert not last.usage.counted_by_engine
        assert "".join(piece.text for piece in pieces if isinstance(piece, Delta)) == TEXT
    assert TEXT.startswith("No language model is available here")


@given(st.integers(1, 200), st.lists(st.sampled_from(("model", "a", "SPARK", "not there")), max_size=4))
def test_it_ends_where_it_is_told(max_tokens: int, stop: list[str]) -> None:
    text, reason = ended(TEXT, prompt(max_tokens=max_tokens, stop=tuple(stop)))
    assert TEXT.startswith(text)
    assert not any(each in text for each in stop)
    assert len(text) <= 4 * max_tokens
    whole = min([len(TEXT), *(TEXT.find(each) for each in stop if each in TEXT)])
    assert (reason is FinishReason.LENGTH) == (len(text) < whole)
