"""The report of a scored replay: what was replayed, how, what it showed, and what that means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from host.recordings.library import Library
from host.recordings.measures.definitions import DEFINITIONS
from host.recordings.measures.model import Judged
from host.recordings.measures.report import measured

SCHEMA_VERSION = 1


def report(
    judged: Judged, library: Library, client: str, settings: Mapping[str, str], *, history: bool
) -> dict[str, Any]:
    """One document for programs, of which the table for people is made."""
    return {
        "schema_version": SCHEMA_VERSION,
        "run": {"client": client, "settings": dict(settings), "own_history": history},
        "inputs": {
            "tables": [table.path.name for table in library.tables],
            "transcripts": library.transcripts,
            "unreadable": len(library.problems),
            "projects": len({call.project for call in judged.calls}),
            "sessions": len({call.session for call in judged.calls}),
            "prompts": sum(map(len, judged.prompts.values())),
            "calls": len(judged.calls),
            "failing": sum(call.failed for call in judged.calls),
            "pairs": len(judged.pairs),
            "decisions": sum(moment.decided for moment in judged.moments),
            "decisions_missing": sum(not moment.decided for moment in judged.moments),
        },
        **measured(judged),
        "definitions": DEFINITIONS,
    }
