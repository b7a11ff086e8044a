"""How a decision is kept: with the words of lessons, and of a conversation only which entry it was."""

from __future__ import annotations

from gateway.handling import recorded
from spark.router.v1 import router_pb2

ENTRY = "01J00000000000000000000000"
WORDS = "never deploy on Fridays"


def advice(packet_id: str, text: str, source: router_pb2.Source.ValueType) -> router_pb2.Advice:
    return router_pb2.Advice(packet_id=packet_id, text=text, source=source)


LESSON = advice("lesson", "Use `make ship`.", router_pb2.SOURCE_LESSON)
QUOTED = advice(f"said:{ENTRY}", f'The user said: "{WORDS}"', router_pb2.SOURCE_CONVERSATION)


def test_words_of_a_conversation_are_not_kept_whoever_worded_them() -> None:
    decision = router_pb2.Decision(said=[LESSON, QUOTED], held=[QUOTED], text=f"A model says: {WORDS}")
    kept = recorded(decision)
    assert WORDS not in str(kept)
    assert kept.text == f"{LESSON.text}\nwhat was said to Spark ({ENTRY})"
    assert [each.packet_id for each in kept.said] == [each.packet_id for each in decision.said]
    assert WORDS in decision.text, "the agent is told"


def test_what_was_withheld_stays_without_a_text() -> None:
    kept = recorded(router_pb2.Decision(held=[QUOTED]))
    assert (WORDS in str(kept), kept.text) == (False, "")


def test_a_decision_without_a_conversation_is_kept_as_it_is() -> None:
    decision = router_pb2.Decision(said=[LESSON], text=f"Spark:\n{LESSON.text}")
    assert recorded(decision) == decision
