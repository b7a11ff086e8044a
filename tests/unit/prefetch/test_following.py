"""What is remembered of a session: each event once, and no more than has room."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from itertools import cycle, islice

from hypothesis import given, settings
from hypothesis import strategies as st

from services.prefetch.examples import taken_in
from services.prefetch.follow import COMES_AGAIN, advance, heard_before, prompted
from services.prefetch.learning import learn
from services.prefetch.model import RETURNED_AT_MOST, Call, Event, Outcome, Track
from services.prefetch.records import dump_track
from tests.unit.prefetch.told import (
    FAILED,
    REJECTED,
    SUCCEEDED,
    USUAL_CALLS,
    Session,
    came_back,
    file,
    odd_calls,
    outcomes,
    shell,
    stories,
)


@given(stories(), st.data())
def test_what_was_heard_is_known_again(story: list[tuple[Call, Outcome]], data: st.DataObject) -> None:
    track = Track()
    events = [came_back(call, number, outcome) for number, (call, outcome) in enumerate(story, 1)]
    for event in events:
        assert event.call is not None
        assert not heard_before(track, event)
        advance(track, event, event.call)
    for event in data.draw(st.lists(st.sampled_from(events), max_size=5)) if events else []:
        assert heard_before(track, event)
        # An import tells of it once more, at another place of the stream.
        assert heard_before(track, replace(event, sequence=event.sequence + 10_000))


@given(st.permutations(range(1, 13)))
def test_replicas_that_get_the_calls_of_a_session_in_turns_miss_none(order: list[int]) -> None:
    track = Track()
    for number in order:
        event = came_back(shell("ls", number), number)
        assert event.call is not None
        assert not heard_before(track, event)
        advance(track, event, event.call)
        assert heard_before(track, event)


def test_an_import_of_a_session_that_is_known_teaches_nothing_twice() -> None:
    track = Track()
    events = [came_back(shell("ls", number), number) for number in range(1, 4 * RETURNED_AT_MOST)]
    for event in events:
        assert event.call is not None
        advance(track, event, event.call)
    assert len(track.returned) == RETURNED_AT_MOST
    imported = [replace(event, sequence=event.sequence + 10_000, live=False) for event in events]
    assert all(heard_before(track, event) for event in [*events, *imported])


def test_a_stream_made_anew_is_heard() -> None:
    track = Track(returned_before=50_000)
    assert heard_before(track, came_back(shell("ls"), 50_000 - COMES_AGAIN + 1))
    assert not heard_before(track, came_back(shell("ls"), 1))


@settings(max_examples=40)
@given(st.lists(st.tuples(odd_calls(), outcomes()), max_size=15))
def test_any_call_can_be_learnt_and_kept(story: list[tuple[Call, Outcome]]) -> None:
    session = Session().goes(story)
    assert session.track.index == len(story)
    assert dump_track(session.track)


def test_a_session_without_end_is_remembered_within_bounds() -> None:
    track, sizes, one = Track(), dict[int, int](), came_back(shell("ls"), 1, FAILED)
    long = "x" * 400
    for number in range(1, 30_001):
        path = f"src/{number:06d}/module.py"
        tool = ("Read", "Edit", "Grep", "Bash")[number % 4]
        call = Call(path, tool, path, f"class {number:06d}", f"tool {path} | {long}")
        event = Event(one.place, number, one.at, live=True, call=call, outcome=FAILED if number % 3 else SUCCEEDED)
        taken_in(track, event, call, known_to_fail=True)
        advance(track, event, call)
        if number in {1000, 30_000}:
            sizes[number] = len(dump_track(track))
    assert sizes[30_000] < 1.1 * sizes[1000] < 100_000


def test_what_is_simulated_and_what_is_open_stay_within_bounds() -> None:
    session, sizes = Session(), list[int]()
    for call in islice(cycle([*USUAL_CALLS, *(shell(f"tool{number} run") for number in range(60))]), 240):
        session.calls(call, FAILED)
        sizes.append(len(dump_track(session.track)))
    assert sizes[-1] < 1.1 * sizes[len(sizes) // 2]


def test_a_prompt_holds_until_the_next_call() -> None:
    session = Session()
    prompt = Event(session.place, 1, came_back(shell("ls"), 1).at, live=True, prompt_tokens=("fix", "tests"), intent=2)
    prompted(session.track, prompt)
    assert (session.track.prompted, session.track.prompt_words, session.track.intent) == (True, ("fix", "tests"), 2)
    before = deepcopy(session.track)
    assert heard_before(session.track, prompt)
    learn(session.track, replace(prompt, sequence=2, intent=0, prompt_tokens=()), session.project, session.shared)
    assert session.track.intent == before.intent
    session.number = 2
    session.calls(shell("ls"))
    assert not session.track.prompted


def test_what_fixed_a_failure_is_kept_and_what_the_user_refused_is_not() -> None:
    session = Session()
    assert session.calls(shell("make test --x"), FAILED).examples == []
    assert session.calls(shell("make test --y"), REJECTED).examples == []
    plain, fix = session.calls(shell("make test --z")).examples
    assert (plain.shown, plain.failure_class) == ("make test --z", "")
    assert (fix.failure_class, fix.failed_words) == ("shell.bad_flag", ("make", "test", "--x"))
    assert session.project.groups["Bash|make test"].fix == "make test --z"
    # The same once more is the fix of nothing; what never fails is no example.
    assert [example.failure_class for example in session.calls(shell("make test --z")).examples] == [""]
    assert session.calls(file("Read", "a.py")).examples == []


def test_of_what_worked_the_words_are_remembered_and_of_switches_none() -> None:
    session = Session()
    session.calls(replace(shell("make lint"), description="Check the style."), SUCCEEDED)
    session.calls(shell("make test"), FAILED)
    session.calls(replace(file("Grep", "src/store.py"), command="pattern=class output_mode=content -n=True"), SUCCEEDED)
    assert session.track.lately == [["make", "lint", "Check", "the", "style"], ["src/store.py"]]
