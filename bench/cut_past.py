"""What comes before a cut of a recorded session: the past of its project, to be learnt at once, and its own calls.

The session's own calls are played live from its first to the last of the cut. What other sessions did until the cut
is learnt before them: of the moments that are judged it is past, of the session's earlier ones some of it is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bench.packs import Cut
from gateway.clients.recorded import RecordedHook
from host.recordings.importer import message
from host.recordings.replay import in_order
from host.recordings.sources import Source
from host.recordings.tables import Table, read_tables
from host.recordings.transcripts import CAME_BACK, TEACHING
from spark.gateway.v1 import hooks_pb2


@dataclass(frozen=True)
class CutOut:
    """A cut, ready to be played."""

    table: Table
    """Its project alone."""
    own: list[RecordedHook]
    """The session up to the return of the cut's last call."""
    before: list[Source]
    """All other sessions of its project, in the order of their starts."""
    start: RecordedHook
    """The cut's first call."""

    def past(self) -> Iterator[hooks_pb2.RecordedHook]:
        """What the others did before the cut, as far as it teaches."""
        for hook in in_order(self.before):
            if hook.occurred_at >= self.start.occurred_at:
                return
            if hook.payload["hook_event_name"] in TEACHING:
                yield message(hook)


def cut_out(cut: Cut, whole: Table) -> CutOut:
    """A cut out of its table.

    Raises:
        LookupError: when the table does not hold it.
    """
    timed = any(call.at for calls in whole.calls.values() for call in calls[:1])
    # Tables without times hold many projects, one after the other; the sessions' names tell them apart.
    kept = whole.calls if timed else {name: whole.calls[name] for name in whole.calls if alike(name, cut.session)}
    table = replace(whole, calls=kept)
    if cut.session not in table.calls:
        raise LookupError(f"{whole.path.name} does not hold session {cut.session}")
    sources = dict(zip(table.calls, table.sources(), strict=True))
    own = list(sources.pop(cut.session).hooks())
    first, last = (f"{cut.session}:{place}" for place in (cut.first, cut.last))
    start = next(place for place, hook in enumerate(own) if hook.payload.get("tool_use_id") == first)
    end = next(place for place, hook in enumerate(own) if came_back(hook, last))
    before = sorted(sources.values(), key=lambda source: source.started)
    return CutOut(table, own[: end + 1], before, own[start])


def alike(one: str, other: str) -> bool:
    """Whether two sessions of a table without times are of one project."""
    return one.rpartition("-")[0] == other.rpartition("-")[0]


def came_back(hook: RecordedHook, call: str) -> bool:
    """Whether a hook tells that a call came back."""
    if hook.payload["hook_event_name"] not in CAME_BACK:
        return False
    return call in str(hook.payload.get("tool_use_id", "")) or call in str(hook.payload.get("tool_calls", ""))


def tables_of(names: set[str], folder: Path) -> dict[str, Table]:
    """The tables of these names that a folder holds."""
    files = {name: folder / f"{name}_tool_events.jsonl.gz" for name in names}
    found, _ = read_tables([file for file in files.values() if file.is_file()], [])
    by_path = {table.path: table for table in found}
    return {name: by_path[file] for name, file in files.items() if file in by_path}
