"""Labels against what was said, on a session of three calls of which the first and the last fail alike."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.pack_judging import applicable_moments, in_vain, judge, more_specific, to_reject
from bench.pack_session import Heard, Piece, Session
from bench.packs import CALL, PROMPT, RETURN, AfterFailure, At, Label, Lesson, Place, TooNoisy
from host.recordings.measures.model import Channel, FailureKey, Item, Suggested
from host.recordings.measures.words import Rarity
from spark.router.v1 import router_pb2
from tests.unit.recordings.calls import call, item

LESSON = Lesson("Bash", "mycli build", ("--quick",))
CALLS = [call(0, failure="shell.unknown_flag"), call(1, command="ls", target_class="ls")]
CALLS.append(call(2, failure="shell.unknown_flag"))
PLACES = [Place(PROMPT, "p"), *(Place(kind, name) for name in ("a", "b", "c") for kind in (CALL, RETURN))]
CHANNELS = {PROMPT: Channel.PROMPT, CALL: Channel.BEFORE_CALL, RETURN: Channel.FAILURE}
PROMPTED, BEFORE_A, BACK_A, BEFORE_B, BACK_B, BEFORE_C, BACK_C = PLACES
AHEAD = Label(At.AHEAD, "c", (BACK_A, BACK_B), LESSON, "")
FAILS = Label(At.FAILURE, "c", (), LESSON, "")
FACT = Label(At.PROMPT, "c", (PROMPTED,), LESSON, "")
TOLD = item(0, text="It failed; what worked: MYCLI BUILD --quick")
FACTUAL = replace(TOLD, names=(), suggests=(Suggested("Bash", "mycli build --quick", ()),))


def session(*said: tuple[Place, Item], held: tuple[tuple[Place, Item], ...] = ()) -> Session:
    """What was said and held back at which moments."""
    heard: list[Heard] = []
    for number, place in enumerate(PLACES):
        about = "abc".index(place.id) if place.kind != PROMPT else None
        spoken = [
            Piece(replace(each, about=about, channel=channel_of(place, each)), f"{number}-{which}")
            for which, (where, each) in enumerate(said)
            if where == place
        ]
        kept = [Piece(each, "", "no_room") for where, each in held if where == place]
        decision = router_pb2.Decision(text="text" if spoken else "")
        heard.append(Heard(place, decision, (*spoken, *kept), 1.0))
    return Session(heard, dict(zip("abc", CALLS, strict=True)))


def channel_of(place: Place, said: Item) -> Channel:
    return said.channel if said.channel is Channel.REFUSAL else CHANNELS[place.kind]


def met(label: Label, *said: tuple[Place, Item]) -> bool:
    return judge(label, session(*said), Rarity()).met


REFUSAL = replace(TOLD, channel=Channel.REFUSAL)
OTHER_CLASS = replace(TOLD, names=(FailureKey("Bash", "mycli test", "shell.unknown_flag"),))
OTHER_WORDS = replace(TOLD, text="Something else")


@pytest.mark.parametrize(
    ("label", "place", "said", "expected"),
    [
        (AHEAD, BACK_A, TOLD, True),
        (AHEAD, PROMPTED, TOLD, False),
        (AHEAD, BEFORE_C, TOLD, False),
        (AHEAD, BEFORE_C, REFUSAL, True),
        (AHEAD, BACK_C, TOLD, False),
        (AHEAD, BACK_A, OTHER_CLASS, False),
        (AHEAD, BACK_A, OTHER_WORDS, False),
        (FAILS, BEFORE_C, TOLD, True),
        (FAILS, BACK_C, TOLD, True),
        (FAILS, BACK_B, TOLD, False),
        (FAILS, BACK_C, replace(FACTUAL, suggests=(Suggested("Bash", "make --quick", ()),)), True),
        (FACT, PROMPTED, FACTUAL, True),
        (FACT, PROMPTED, replace(FACTUAL, suggests=(Suggested("Bash", "make --quick", ()),)), False),
        (FACT, BACK_A, FACTUAL, False),
    ],
)
def test_a_label_is_met_in_its_place_by_its_lesson_only(label: Label, place: Place, said: Item, expected: bool) -> None:
    assert met(label, (place, said)) is expected


def test_what_a_label_wanted_and_was_held_back_is_shown() -> None:
    found = judge(AHEAD, session(held=((BACK_B, TOLD), (BACK_B, OTHER_WORDS))), Rarity())
    assert not found.met
    assert [(heard.place, piece.held) for heard, piece in found.withheld] == [(BACK_B, "no_room")]


def test_a_label_of_a_table_is_met_by_the_name_of_its_failure_or_by_what_worked_after_it() -> None:
    of_table = Label(At.FAILURE, "a", (), Lesson("Bash", "go test", error_class="sh:any"), "")
    named = replace(TOLD, text="")
    assert met(of_table, (BACK_A, named))
    assert met(of_table, (BACK_A, replace(named, names=(), suggests=(Suggested("Bash", "ls", ()),))))
    assert not met(of_table, (BACK_A, replace(named, names=(), suggests=(Suggested("Bash", "pwd", ()),))))
    assert not met(of_table, (BACK_A, OTHER_CLASS))


def test_more_specific_is_what_nothing_held_before() -> None:
    after = AfterFailure("a", "c", LESSON, ("this session", "twice"))
    here = replace(TOLD, text="Use --quick, as in this session")
    assert more_specific(after, session((BACK_A, TOLD), (BACK_C, here)))
    assert not more_specific(after, session((BACK_A, here), (BACK_C, here)))
    assert not more_specific(after, session((BACK_A, TOLD), (BACK_C, TOLD)))
    assert not more_specific(after, session((PROMPTED, replace(OTHER_WORDS, text="this session")), (BACK_C, here)))


def test_the_user_means_the_advice_of_the_call_and_else_the_last_before_it() -> None:
    noisy = TooNoisy("a", ("c",), LESSON)
    assert [piece.advice_id for piece in to_reject(noisy, session((PROMPTED, TOLD), (BACK_A, TOLD)))] == ["2-1"]
    assert [piece.advice_id for piece in to_reject(noisy, session((PROMPTED, TOLD)))] == ["0-0"]
    assert to_reject(noisy, session((BACK_A, OTHER_WORDS))) == []


def test_noise_is_what_met_no_label_and_came_to_nothing() -> None:
    idle = replace(TOLD, position=3)
    played = session((BACK_A, replace(TOLD, position=1)), (BACK_C, idle))
    assert [piece.item.position for piece in in_vain(played.heard, played, [], Rarity(CALLS))] == [3]
    assert in_vain(played.heard, played, [judge(FAILS, played, Rarity())], Rarity(CALLS)) == []


def test_applicable_are_the_windows_and_the_labelled_calls() -> None:
    found = [heard.place for heard in applicable_moments([AHEAD, FACT], session())]
    assert found == [PROMPTED, BACK_A, BACK_B, BEFORE_C]
    assert [heard.place for heard in applicable_moments([FAILS], session())] == [BEFORE_C, BACK_C]
