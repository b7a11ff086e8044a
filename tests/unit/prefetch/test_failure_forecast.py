"""How likely a group of calls fails soon."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.prefetch.failure_forecast import GroupHistory, forecast
from services.prefetch.follow import advance
from services.prefetch.learning import GROUPS_AT_MOST
from services.prefetch.model import Call, GroupRuns, Outcome, Track
from tests.unit.prefetch.told import FAILED, SUCCEEDED, USUAL_CALLS, Session, came_back, file, shell, stories

GROUP = "Bash|make test"


def chance(history: GroupHistory, track: Track | None = None, calls: float = 100.0) -> float:
    return forecast_of(track or Track(index=30, groups={GROUP: GroupRuns(runs=1, last=20)}), history, calls)


def forecast_of(track: Track, history: GroupHistory, calls: float) -> float:
    return dict(forecast(track, {GROUP: history}, {}, calls))[GROUP]


@settings(max_examples=40)
@given(stories())
def test_every_group_that_failed_gets_a_probability(story: list[tuple[Call, Outcome]]) -> None:
    session = Session().goes(story)
    found = forecast(session.track, session.project.groups, session.project.tallies, session.project.calls)
    assert {group for group, _ in found} <= {call.group for call, outcome in story if outcome is FAILED}
    assert all(0.0 < probability < 1.0 for _, probability in found)
    assert found == sorted(found, key=lambda item: -item[1])


@given(st.integers(0, 50), st.integers(1, 50), st.integers(1, 20))
def test_more_failures_in_as_many_runs_are_likelier(failures: int, more: int, runs: int) -> None:
    total = failures + more + runs
    assert chance(GroupHistory(total, failures)) < chance(GroupHistory(total, failures + more))


@given(st.integers(0, 8), st.integers(1, 8))
def test_more_failures_in_the_session_are_likelier(failures: int, more: int) -> None:
    def track(failed: int) -> Track:
        return Track(index=30, groups={GROUP: GroupRuns(runs=20, failures=failed, last=20, failed=10)})

    history = GroupHistory(100, 20)
    assert chance(history, track(failures)) < chance(history, track(failures + more))


def test_an_old_failure_says_less_and_the_last_run_more() -> None:
    assert chance(GroupHistory(50, 10, failed_at=90)) > chance(GroupHistory(50, 10, failed_at=90), calls=2000)
    again, since = GroupRuns(5, 1, last=9, failed=9), GroupRuns(5, 1, last=9, failed=8)
    history = GroupHistory(50, 10)
    assert chance(history, Track(index=10, groups={GROUP: again})) > chance(
        history, Track(index=10, groups={GROUP: since})
    )


@settings(max_examples=40)
@given(stories(), st.sampled_from(USUAL_CALLS))
def test_what_is_said_for_a_call_to_come_is_what_holds_once_it_has_come(
    story: list[tuple[Call, Outcome]], call: Call
) -> None:
    session = Session().goes(story)
    project, track = session.project, deepcopy(session.track)
    before = forecast(session.track, project.groups, project.tallies, project.calls, coming=call.group)
    advance(track, came_back(call, 99), call)
    assert before == forecast(track, project.groups, project.tallies, project.calls)


def test_a_failure_that_follows_a_call_is_expected_after_it() -> None:
    edit, test, read = file("Edit", "a.py"), shell("make test"), file("Read", "a.md")
    session = Session()
    # What follows a call counts once five more have come.
    rest = [(file("Read", "a.txt"), SUCCEEDED)] * 5
    for number in range(20):
        story = [(edit, SUCCEEDED), (test, FAILED), *rest] if number % 2 else [(read, SUCCEEDED)] * 7
        session = session.anew(str(number)).goes(story)
    project = session.project

    def after(call: Call) -> float:
        later = session.anew("later")
        advance(later.track, came_back(call, 500), call)
        return dict(forecast(later.track, project.groups, project.tallies, project.calls)).get(GROUP, 0.0)

    assert after(edit) > after(read)


def test_groups_that_failed_longest_ago_make_room() -> None:
    session = Session()
    for number in range(GROUPS_AT_MOST + 10):
        session.calls(shell(f"tool{number} run"), FAILED)
    project = session.project
    assert len(project.groups) == GROUPS_AT_MOST
    assert "Bash|tool9 run" not in project.groups
    assert project.dropped_groups == {f"Bash|tool{number} run" for number in range(10)}
    assert project.changed_groups == set(project.groups)
    session.calls(shell("tool3 run"), FAILED)
    assert "Bash|tool3 run" in project.changed_groups - project.dropped_groups


def test_a_forgotten_session_leaves_counts_and_no_words() -> None:
    session = Session().goes([(shell("make test --x"), FAILED), (shell("make test --y"), SUCCEEDED)])
    history = session.project.groups[GROUP]
    assert (history.fix, history.signature) == ("make test --y", "unknown flag: --x1")
    assert not history.forget("another")
    assert history.forget("one")
    assert history == GroupHistory(2.0, 1.0, history.failed_at, history.classes)
    assert history.classes == {"shell.bad_flag": 1.0}
    assert not history.forget("one")


@pytest.mark.parametrize("outcome", [SUCCEEDED, FAILED])
def test_a_call_that_fails_raises_what_is_said_of_its_group(outcome: Outcome) -> None:
    session = Session().goes([(shell("make test"), FAILED), *[(file("Read", "a.py"), SUCCEEDED)] * 8])
    project, before = session.project, deepcopy(session.track)
    after = replace(session.track)
    call = shell("make test")
    advance(after, came_back(call, 99, outcome), call)
    was, now = (dict(forecast(track, project.groups, {}, 10.0))[GROUP] for track in (before, after))
    assert (now > was) == (outcome is FAILED)
