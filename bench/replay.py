"""`make replay`: the scenario packs through the real gateway, judged by their labels.

Each pack runs in a throw-away system of its own, history first, then the session that is judged; and once more, with
one piece of advice called too noisy. The cuts of recordings need the tables that they were cut from: name their folder
with `--data` (`make replay DATA=PATH`), because recordings of others are not part of this repository. Exits with 1 when
a written pack misses a target.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.cut_past import cut_out, tables_of
from bench.pack_judging import Judgement, in_vain, judge, judged
from bench.pack_report import CutJudgement, broken, document, tell, total_of
from bench.pack_runs import run
from bench.packs import CALL, Cut, Pack, Place, packs
from chassis import logs, tracing
from gateway.clients.recorded import RecordedHook
from host.cli.running import loop_runner
from host.recordings.library import Library, opened
from host.recordings.replay import in_order
from host.recordings.tables import Table


async def written(pack: Pack) -> Judgement:
    """Plays a pack's written sessions twice, and judges them."""
    plain = await run(hooks_of(pack), pack.session)
    noisy = await run(hooks_of(pack), pack.session, noisy=pack.too_noisy)
    return judged(pack, plain.session, noisy.session, noisy.rejected, plain.rarity)


def hooks_of(pack: Pack) -> Iterator[RecordedHook]:
    """The history, then the session that is judged."""
    return in_order(opened([*pack.history, pack.judged]).sources)


async def cut(name: str, wanted: Cut, table: Table) -> CutJudgement:
    """Plays a cut behind the past of its project, and judges it."""
    ready = cut_out(wanted, table)
    rows = Library([], [ready.table], 0, []).rows()
    done = await run(ready.own, wanted.session, past=ready.past(), rows=rows)
    verdicts = tuple(judge(label, done.session, done.rarity) for label in wanted.labels)
    inside = done.session.since(Place(CALL, f"{wanted.session}:{wanted.first}"))
    noise = in_vain(inside, done.session, verdicts, done.rarity)
    return CutJudgement(name, wanted, verdicts, tuple(noise))


async def all_cuts(chosen: Sequence[Pack], data: Path | None) -> tuple[list[CutJudgement], list[str]]:
    """The cuts of the packs, judged, and why others were not."""
    wanted = [(pack.name, each) for pack in chosen for each in pack.cuts]
    if data is None:
        return [], [f"{len(wanted)} cuts of recordings: name the folder of their tables with --data"]
    tables = tables_of({each.table for _, each in wanted}, data)
    done: list[CutJudgement] = []
    not_run: list[str] = []
    for name, each in wanted:
        if each.table not in tables:
            not_run.append(f"cut of {name}: {data} holds no {each.table}_tool_events.jsonl.gz")
            continue
        done.append(await cut(name, each, tables[each.table]))
    return done, not_run


async def replay(chosen: Sequence[Pack], data: Path | None, *, as_json: bool) -> int:
    """Plays, judges and reports; returns the exit code."""
    judgements = [await written(pack) for pack in chosen]
    cuts, not_run = await all_cuts(chosen, data)
    if as_json:
        print(json.dumps(document(judgements, cuts, not_run), indent=2))
    else:
        tell(judgements, cuts, not_run)
    return 1 if broken(total_of(judgements)) else 0


def main() -> int:
    """Reads the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.replay", description="Replays the scenario packs.")
    parser.add_argument("--data", type=Path, metavar="PATH", help="folder of the tables that the cuts are of")
    parser.add_argument("--pack", action="append", metavar="NAME", help="only this pack; may be given several times")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    asked = parser.parse_args()
    found = packs()
    chosen = [pack for pack in found if not asked.pack or pack.name in asked.pack]
    if not chosen:
        parser.error(f"no such pack; there are {', '.join(pack.name for pack in found)}")
    logs.configure("ERROR")
    tracing.configure("spark")
    return loop_runner(lambda: replay(chosen, asked.data, as_json=asked.json))


if __name__ == "__main__":
    sys.exit(main())
