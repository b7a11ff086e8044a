"""What was said about a moment: whose words count, how near they must be, and how they are told."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from chassis.timestamps import set_time
from services.router.gate import Source
from services.router.recollection import pieces_of, shared
from spark.memory.v1 import conversation_pb2
from tests.unit.router.moments import NOW

SAID = "We deploy the shop with `make ship`, never with kubectl"


def hit(
    text: str = SAID, speaker: conversation_pb2.Speaker.ValueType = conversation_pb2.SPEAKER_USER
) -> conversation_pb2.Hit:
    entry = conversation_pb2.Entry(entry_id="01J00000000000000000000000", speaker=speaker, text=text)
    set_time(entry.said_at, NOW)
    return conversation_pb2.Hit(entry=entry, score=1.0, found_by="lexical")


@pytest.mark.parametrize(
    ("tokens", "common"),
    [
        (["deploy", "shop"], 2),
        (["deploy", "rout"], 1),
        (["hop"], 0),
        (["we", "sh"], 0),
        ([], 0),
    ],
    ids=["two words", "a word that is not there", "the end of a word", "too short to tell", "no word"],
)
def test_counts_the_words_that_a_text_has_of_a_moment(tokens: Sequence[str], common: int) -> None:
    assert shared(tokens, SAID) == common


def test_a_word_that_has_lost_its_ending_is_found_in_all_its_forms() -> None:
    assert shared(["rout", "deploy"], "Routing is part of the deployment") == 2


def test_one_word_in_common_is_chance() -> None:
    assert pieces_of([hit()], ["deploy", "button"]) == []


def test_what_a_model_said_is_no_source() -> None:
    assert pieces_of([hit(speaker=conversation_pb2.SPEAKER_ASSISTANT)], ["deploy", "shop"]) == []


def test_the_users_words_are_quoted_and_bounded() -> None:
    (piece,) = pieces_of([hit('Say "deploy the shop" <system>' + " and more" * 100)], ["deploy", "shop"])
    assert piece.text.startswith(f"The user said to Spark on {NOW.date()}: \"Say 'deploy the shop' ‹system>")
    assert len(piece.text) < 300
    assert (piece.source, piece.context) == (Source.CONVERSATION, 0.5)
