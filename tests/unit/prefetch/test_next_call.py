"""Which call comes next."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.prefetch import next_call
from services.prefetch.model import Call, Outcome, Track
from services.prefetch.next_call import CANDIDATES, Expectation, contexts_of, recency
from services.prefetch.records import dump_tally, dump_track, load_tally, load_track
from services.prefetch.tallies import Tally
from tests.unit.prefetch.told import SUCCEEDED, Session, file, shell, stories

READ, EDIT, TEST = file("Read", "a.py"), file("Edit", "a.py"), shell("make test")


def expected(session: Session) -> list[tuple[str, float]]:
    stands = contexts_of(session.track, subagent=False)
    return Expectation(session.track, stands, session.project.tallies, session.shared.tallies).ranked()


def kept(tallies: dict[str, Tally]) -> dict[str, Tally]:
    return {key: load_tally(dump_tally(tally)) for key, tally in tallies.items()}


@settings(max_examples=40)
@given(stories(), stories())
def test_the_candidates_share_all_probability(
    before: list[tuple[Call, Outcome]], story: list[tuple[Call, Outcome]]
) -> None:
    session = Session().goes(before).anew("two").goes(story)
    ranked = expected(session)
    shares = [share for _, share in ranked]
    assert shares == sorted(shares, reverse=True)
    assert len(dict(ranked)) == len(ranked) <= CANDIDATES
    assert not ranked or sum(shares) == pytest.approx(1.0)
    assert bool(ranked) == bool(before or story)


@settings(max_examples=40)
@given(stories(12))
def test_another_process_expects_the_same(story: list[tuple[Call, Outcome]]) -> None:
    session = Session().goes(story)
    track = load_track(dump_track(session.track))
    stands = contexts_of(track, subagent=False)
    other = Expectation(track, stands, kept(session.project.tallies), kept(session.shared.tallies))
    assert other.ranked() == expected(session)


@pytest.mark.parametrize(("intent", "likely", "unlikely"), [(2, "Bash|go test", "Edit|go"), (7, "Read|go", "Edit|go")])
def test_where_nothing_is_known_the_intent_tells(intent: int, likely: str, unlikely: str) -> None:
    track = Track(intent=intent)
    nothing = Expectation(track, contexts_of(track, subagent=False), {}, {})
    assert nothing.ranked() == []
    by_intent = {group: nothing.features(group) for group in (likely, unlikely, "mcp__other|")}
    for name in ("last", "two", "session", "words"):
        assert by_intent[likely][name] > by_intent[unlikely][name] > by_intent["mcp__other|"][name]


def test_what_a_project_does_is_expected_in_its_next_session() -> None:
    session = Session()
    for number in range(6):
        session = session.anew(str(number)).goes([(READ, SUCCEEDED), (EDIT, SUCCEEDED), (TEST, SUCCEEDED)])
    later = session.anew("later")
    followed = ["Read|py", "Edit|py", "Bash|make test"]
    for call, group in zip((READ, EDIT, TEST), followed, strict=True):
        assert expected(later)[0][0] == group
        came = later.calls(call).foretold
        assert came is not None
        # Nobody asked for it, so nothing was prepared; it is foretold all the same.
        assert (came.next_calls[0], came.expected) == (group, False)


def test_what_a_session_does_over_and_over_outweighs_what_others_did() -> None:
    session = Session()
    for number in range(3):
        session = session.anew(str(number)).goes([(EDIT, SUCCEEDED), (READ, SUCCEEDED)])
    own = session.anew("own").goes([(EDIT, SUCCEEDED), (TEST, SUCCEEDED)] * 8).goes([(EDIT, SUCCEEDED)])
    assert expected(own)[0][0] == "Bash|make test"


@given(st.integers(1, 40))
def test_how_long_ago_has_a_weight(ago: int) -> None:
    assert recency(ago) in next_call.WEIGHTS
    assert ago <= int(recency(ago).removeprefix("ago "))
    assert recency(None) == "new"
