from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from rich.cells import cell_len

from host.cli.layout import ago, span, width, wrapped


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize("word", ["word", "長い言葉", "averyveryverylongwordthatalonefillsmorethanhalfofaline" * 2])
def test_no_line_takes_more_than_its_room(word: str) -> None:
    lines = wrapped(f"{word} " * 40, "  label  ").splitlines()
    assert len(lines) > 1
    assert max(cell_len(line) for line in lines) <= 80
    assert lines[0].startswith("  label  ")
    assert all(line.startswith(" " * 9) for line in lines[1:])


def test_nothing_is_lost_on_the_way() -> None:
    text = "one [red]two[/red] \\ three"
    assert " ".join(wrapped(text * 20).split()) == " ".join((text * 20).split())


def test_the_terminal_is_not_commanded() -> None:
    shown = wrapped("red \x1b[31m back \x08\x08 turned \u202e round \r over")
    assert shown.isprintable()
    assert "[31m" in shown


@pytest.mark.parametrize(("columns", "expected"), [("20", 40), ("72", 72), ("300", 100)])
def test_the_width_is_the_terminals_within_reason(monkeypatch: pytest.MonkeyPatch, columns: str, expected: int) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert width() == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-1, "0 s"), (59.9, "59 s"), (60, "1 min"), (7199, "1 h"), (86400, "1 day"), (180000, "2 days")],
)
def test_a_span_is_told_in_its_largest_unit(seconds: float, expected: str) -> None:
    assert span(seconds) == expected


def test_a_moment_is_told_from_now() -> None:
    assert ago(datetime.now(UTC) - timedelta(hours=3, minutes=1)) == "3 h ago"
