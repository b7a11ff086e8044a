"""Everything that a replay was pointed at: transcripts and tables, in the order in which their sessions start."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from gateway.clients.claude_code.transcript import find_transcripts
from gateway.clients.gemini.chat import is_chat
from gateway.clients.json_lines import Problem
from host.recordings.sources import Source
from host.recordings.table_rows import CallRow, PairRow
from host.recordings.tables import Table, read_tables
from host.recordings.transcripts import BEGINNING, CLIENT, Reader


@dataclass(frozen=True)
class Library:
    """What was found."""

    sources: list[Source]
    tables: list[Table]
    transcripts: int
    problems: list[Problem]
    """Grows while the transcripts are read."""

    def is_empty(self) -> bool:
        """Whether nothing of it can be replayed; what was found instead is read for its problems."""
        if any(source.started > BEGINNING for source in self.sources):
            return False
        return not any(list(source.hooks()) for source in self.sources)

    def rows(self) -> dict[str, CallRow]:
        """What tables say of their calls, by the call's id."""
        return {row.id: row for table in self.tables for rows in table.calls.values() for row in rows}

    def pairs(self) -> list[PairRow] | None:
        """The failures and their fixes where all recordings bring them along; None where they are to be found."""
        known = [table.pairs for table in self.tables if table.pairs is not None]
        complete = not self.transcripts and len(known) == len(self.tables)
        return [pair for pairs in known for pair in pairs] if complete else None


def opened(paths: Iterable[Path]) -> Library:
    """The recordings among the paths; a table brings its siblings along."""
    reader = Reader()
    tables, others = read_tables(find_transcripts(paths, reader.problems, also=is_chat), reader.problems)
    found = reader.find(others)
    transcripts = [each for each in found if each.client == CLIENT]
    not_played = "of another client than Claude Code: `spark import` learns from it, a replay does not play it"
    reader.problems.extend(Problem(each.path, 0, not_played) for each in found if each.client != CLIENT)
    sources = [Source(each.started, partial(reader.hooks, each)) for each in transcripts]
    sources.extend(source for table in tables for source in table.sources())
    sources.sort(key=lambda source: source.started)
    return Library(sources, tables, len(transcripts), reader.problems)
