"""A developer's day, counted in hooks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bench.demand import counted
from gateway.clients.recorded import RecordedHook

NINE = datetime(2026, 11, 2, 9, tzinfo=UTC)


def hooks(folder: str, session: str, at: datetime, *events: str) -> Iterator[RecordedHook]:
    for place, event in enumerate(events):
        payload: dict[str, object] = {"hook_event_name": event, "session_id": session, "cwd": folder}
        yield RecordedHook(at + timedelta(seconds=place), payload)


def test_days_are_of_a_developer_and_a_call_has_three_hooks() -> None:
    one = "/home/one/shop", "/home/one/other", "/home/two/shop"
    found = counted(
        [
            *hooks(one[0], "a", NINE, "UserPromptSubmit", "PreToolUse", "PostToolUse"),
            *hooks(one[1], "b", NINE + timedelta(hours=2), "PreToolUse", "PostToolUseFailure"),
            *hooks(one[2], "c", NINE + timedelta(days=1), "PreToolUse", "PostToolBatch"),
        ]
    )

    assert (found.developers, found.developer_days, found.sessions) == (2, 2, 3)
    # Four and three of the first, and of the refused call the step that it shows in is the one that is added.
    assert found.hooks_a_day == pytest.approx((4 + 3 + 2) / 2)
    assert found.hooks_busiest_day == 7
    assert found.calls_a_day == pytest.approx(1.5)
    assert found.failures_a_day == pytest.approx(1.0)
    assert found.active_hours_a_day == pytest.approx(1.5)
    assert found.busiest_hour_factor == pytest.approx(24 * 6 / 9)
    assert found.busiest_minute == 4
