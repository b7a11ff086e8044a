"""JSON that is nested too deeply to be read: from a model it is no answer, from a client it is refused."""

from __future__ import annotations

import json

import pytest

from chassis.faults import InvalidArgument
from services.inference.engines.anthropic_messages import Account, AnthropicMessages
from services.inference.engines.openai_compatible import OpenAICompatible, Where
from services.inference.ports import Engine, EngineError
from services.inference.speech import read
from services.inference.wire import require_object
from services.inference.wording import UNUSABLE, accepted
from tests.unit.inference.scripted_engines import asked

DEEP = '{"a":' * 50_000 + "1" + "}" * 50_000
NOWHERE = "http://127.0.0.1:9"


def test_no_words_stand_of_it() -> None:
    assert accepted(f'{{"advice": {DEEP}}}', "`tool` failed", (), 500) == ("", UNUSABLE)


def test_a_voice_keeps_what_it_said_ahead_of_it() -> None:
    said = json.dumps({"confidence": 0.9, "verdict": "yes", "risk": ""})[:-1]
    speech = read(f'{said}, "more": {DEEP}}}')
    assert (speech.answer, speech.confidence, speech.verdict) == ("", 0.9, "yes")


def test_a_schema_of_it_is_refused_as_such() -> None:
    with pytest.raises(InvalidArgument, match="nested too deeply"):
        require_object(DEEP)
    with pytest.raises(InvalidArgument, match="no JSON object"):
        require_object("[]")


@pytest.mark.parametrize(
    "engine",
    [OpenAICompatible("openai", "openai", Where(NOWHERE, "some")), AnthropicMessages(Account("some", "key", NOWHERE))],
    ids=["openai", "anthropic"],
)
async def test_a_schema_that_cannot_be_sent_is_no_failure_of_the_engine(engine: Engine) -> None:
    # How deep is too deep depends on the frames that stand already: the door may have let it in.
    with pytest.raises(EngineError, match="nested so deeply") as refused:
        await anext(engine.generate(asked(json_schema=DEEP)))
    assert not refused.value.transient
    await engine.close()
