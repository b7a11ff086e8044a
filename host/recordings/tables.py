"""Flat tables of recorded runs: found with their siblings, read row by row, and played session by session.

All of a table is one project, in a folder of its own that does not exist: the rows do not say where a session ran.
Paths stay as they were recorded. The rows of a table are in memory while it is played.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TypeVar

from gateway.clients.json_lines import Problem, read_lines
from gateway.clients.recorded import RecordedHook
from host.recordings.sources import Source
from host.recordings.table_hooks import APART, Step, hooks_of, steps_of
from host.recordings.table_rows import (
    YEARS,
    CallRow,
    Damaged,
    Kind,
    PairRow,
    PromptRow,
    call_row,
    has_absurd_time,
    kind_of,
    pair_row,
    prompt_row,
)

CALLS_IN_NAME, PROMPTS_IN_NAME, PAIRS_IN_NAME = "tool_events", "prompts", "fail_fix_pairs"
UNTIMED_START = datetime(2025, 1, 1, tzinfo=UTC)
"""Where recordings without times begin. Any would do: policy looks at spans only."""
FOLDER = "/recordings"
LOOKED_AT = 5
"""Lines of a file that are tried before it is called no table: the first may be damaged."""

Row = TypeVar("Row", CallRow, PromptRow, PairRow)


@dataclass
class Table:
    """The calls of many sessions, with what is known about their prompts and fixes."""

    path: Path
    calls: dict[str, list[CallRow]] = field(default_factory=dict[str, list[CallRow]])
    """By session, in the order of the file."""
    prompts: dict[str, list[PromptRow]] = field(default_factory=dict[str, list[PromptRow]])
    pairs: list[PairRow] | None = None
    """None where there is no table of them."""

    @property
    def folder(self) -> str:
        """The folder that stands for the project."""
        name = self.path.name.partition(".jsonl")[0].removesuffix(CALLS_IN_NAME).strip("_-.")
        return f"{FOLDER}/{name or 'table'}"

    def sources(self) -> Iterator[Source]:
        """Its sessions; those without times one after the other, as they stand in the file."""
        start = UNTIMED_START
        for session, calls in self.calls.items():
            steps = steps_of(calls, self.prompts.get(session, ()), start)
            if not any(row.at for row in calls):
                start = steps[-1].at + 2 * APART
            yield Source(steps[0].at, _playing(session, steps, self.folder))


def _playing(session: str, steps: Sequence[Step], folder: str) -> Callable[[], Iterable[RecordedHook]]:
    return lambda: hooks_of(session, steps, folder)


def kind_at(path: Path) -> Kind | None:
    """What sort of table a file is; None for anything else."""
    first = (kind_of(line.value) for line in islice(read_lines(path, []), LOOKED_AT))
    return next((kind for kind in first if kind is not None), None)


def read_tables(paths: Iterable[Path], problems: list[Problem]) -> tuple[list[Table], list[Path]]:
    """The tables of calls among the files, each with its siblings, and the files that are no tables."""
    kinds = {path: kind_at(path) for path in paths}
    given = {kind: [path for path, found in kinds.items() if found is kind] for kind in Kind}
    tables = [_table(path, given, problems) for path in given[Kind.CALLS]]
    return tables, [path for path, kind in kinds.items() if kind is None]


def _table(path: Path, given: dict[Kind, list[Path]], problems: list[Problem]) -> Table:
    table = Table(path)
    for call in _rows(path, call_row, problems):
        table.calls.setdefault(call.session, []).append(call)
    for file in _siblings(path, PROMPTS_IN_NAME, given, Kind.PROMPTS):
        for prompt in _rows(file, prompt_row, problems):
            if prompt.session in table.calls:
                table.prompts.setdefault(prompt.session, []).append(prompt)
    for file in _siblings(path, PAIRS_IN_NAME, given, Kind.PAIRS):
        found = [pair for pair in _rows(file, pair_row, problems) if pair.session in table.calls]
        table.pairs = [*(table.pairs or ()), *found]
    return table


def _siblings(path: Path, part: str, given: dict[Kind, list[Path]], kind: Kind) -> list[Path]:
    """The table of that name beside this one; without one, all of its kind that were given."""
    sibling = path.with_name(path.name.replace(CALLS_IN_NAME, part))
    if sibling != path and sibling.is_file() and kind_at(sibling) is kind:
        return [sibling]
    return given[kind]


def _rows(path: Path, read: Callable[[dict[str, object]], Row], problems: list[Problem]) -> Iterator[Row]:
    """The rows of a table; what is wrong with one is noted, and the row left out unless it is only its time."""
    seen: set[Row | tuple[str, int]] = set()
    for line in read_lines(path, problems):
        try:
            row = read(line.value)
        except Damaged as error:
            problems.append(Problem(path, line.number, str(error)))
            continue
        place = row if isinstance(row, PairRow) else (row.session, row.index)
        if place in seen:
            # Its id would be that of the first, so that one would be taken for the other.
            problems.append(Problem(path, line.number, "a row for a place of the session that has one"))
            continue
        seen.add(place)
        if has_absurd_time(line.value):
            problems.append(Problem(path, line.number, f"a time outside the years {YEARS[0]} to {YEARS[-1]}"))
        yield row
