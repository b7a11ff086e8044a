from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.cli.window import window_from

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90min", timedelta(minutes=90)),
        ("24h", timedelta(hours=24)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(days=14)),
        ("2026-02-28", timedelta(days=1, hours=12, minutes=30)),
    ],
)
def test_a_window_ends_now_and_the_one_before_ends_where_it_begins(text: str, length: timedelta) -> None:
    window = window_from(text, NOW)
    assert (window.since, window.until) == (NOW - length, NOW)
    assert (window.before.since, window.before.until) == (NOW - 2 * length, NOW - length)
    assert window.fixed is ("-" in text)


@pytest.mark.parametrize(
    "text", ["", "7", "d", "0d", "-1d", "4000d", "7 days", "2026-02-30", "2026-03-02", "1990-01-01"]
)
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"between|neither|ten years"):
        window_from(text, NOW)


@given(st.text(max_size=12) | st.from_regex(r"[0-9]{0,7}(min|h|d|w)?", fullmatch=True))
def test_any_text_is_a_window_of_the_past_or_refused(text: str) -> None:
    try:
        window = window_from(text, NOW)
    except ValueError:
        return
    assert window.before.since < window.since < window.until == NOW
