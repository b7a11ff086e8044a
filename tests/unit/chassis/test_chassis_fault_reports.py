"""However many faults of however many kinds are noted: few messages, all counted, each as the contract wants it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from nats.aio.client import Client
from protovalidate import Validator

from chassis.bus import Bus
from chassis.fault_reports import KINDS_AT_MOST, REST, FaultReports, Tally
from chassis.timestamps import to_datetime

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
VALIDATOR = Validator()

Noted = tuple[int, int, int]
"""Number of the kind, count, seconds since the beginning."""


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 9), st.integers(0, 99)), max_size=600))
def test_all_are_counted_and_few_are_kept(noted: list[Noted]) -> None:
    tally = Tally()
    for number, count, seconds in noted:
        tally.add(("local", f"component{number}", "late"), count, AT + timedelta(seconds=seconds), f"trace{number}")
        assert len(tally) <= KINDS_AT_MOST
    told = tally.take()
    assert len(tally) == 0
    assert sum(message.count for message in told) == sum(count for _, count, _ in noted)
    assert len({message.component for message in told}) == len(told)
    assert len({message.event_id for message in told}) == len(told)
    for message in told:
        of_kind = [each for each in noted if message.component in (f"component{each[0]}", REST[1])]
        assert message.component == REST[1] or message.count == sum(count for _, count, _ in of_kind)
        times = [AT + timedelta(seconds=seconds) for _, _, seconds in of_kind]
        if message.component != REST[1]:
            assert (to_datetime(message.first_at), to_datetime(message.last_at)) == (min(times), max(times))


def test_the_kinds_beyond_the_most_stand_together() -> None:
    tally = Tally()
    for number in range(KINDS_AT_MOST + 9):
        tally.add(("local", f"component{number}", "late"), 1, AT, "")
    assert len(tally) == KINDS_AT_MOST
    (rest,) = (message for message in tally.take() if message.component == REST[1])
    assert (rest.count, rest.reason) == (10, REST[2])


class At:
    """A clock that stands."""

    def now(self) -> datetime:
        return AT


class Reports(FaultReports):
    """Shows what would be told."""

    def told(self) -> list[object]:
        return [message for message in self._tally.take() if VALIDATOR.collect_violations(message)]


words = st.text(st.characters(), max_size=130)


@given(words, words, words, words, st.integers(-5, 2**70))
def test_whatever_is_noted_it_neither_fails_nor_breaks_the_contract(
    component: str, reason: str, workspace: str, traceparent: str, count: int
) -> None:
    reports = Reports(Bus(Client()), At())
    for _ in range(2):
        reports.note(component, reason, workspace, traceparent, count)
    assert reports.told() == []
