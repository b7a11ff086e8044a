"""What the packs showed: for programs as one document, for people as tables of 80 columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

from rich.markup import escape
from rich.table import Table

from bench.pack_judging import Figures, Judgement, Share, Verdict
from bench.pack_session import Heard, Piece
from bench.packs import Cut, Label
from bench.report import console
from host.recordings.delivered import route_of

SCHEMA_VERSION = 1
SLOWEST_MS = 400.0
"""Below this stays the slowest hook of a first prompt and first call, another aim of the project."""
TEXT_CHARS = 160

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Target:
    """A share that written packs have to reach, or that must not be passed; the bounds are the project's own aims."""

    name: str
    of: Callable[[Figures], Share]
    bound: float
    at_most: bool = False

    def holds(self, figures: Figures) -> bool:
        """Whether it is reached; a share of nothing is not."""
        share = self.of(figures).share
        if share is None:
            return False
        return share <= self.bound if self.at_most else share >= self.bound

    @property
    def wanted(self) -> str:
        """The bound in words."""
        return f"{'<=' if self.at_most else '>='} {self.bound:.0%}"


TARGETS = (
    Target("advice on labelled moments", lambda figures: figures.labels, 0.70),
    Target("first tool call advised", lambda figures: figures.first_call, 1.0),
    Target("more specific after a failure", lambda figures: figures.specific, 1.0),
    Target("too noisy is not repeated", lambda figures: figures.quiet, 1.0),
    Target("packet routes, applicable", lambda figures: figures.packets, 0.90),
    Target("live routes, applicable", lambda figures: figures.live, 0.02, at_most=True),
    Target("moments answered at all", lambda figures: figures.answered, 1.0),
)


@dataclass(frozen=True, slots=True)
class CutJudgement:
    """A cut, judged."""

    pack: str
    cut: Cut
    verdicts: tuple[Verdict, ...]
    in_vain: tuple[Piece, ...]
    """What came to nothing."""

    @property
    def noise(self) -> Share:
        """Pieces that came to nothing, of the calls of the cut."""
        return Share(len(self.in_vain), self.cut.last - self.cut.first + 1)

    def share(self, *, mistakes_only: bool) -> Share:
        """Labels met, of all or of those at which there was something to do otherwise."""
        kept = [verdict for verdict in self.verdicts if verdict.label.mistake or not mistakes_only]
        return Share(sum(verdict.met for verdict in kept), len(kept))


def broken(total: Figures) -> list[str]:
    """What the written packs do not reach."""
    missed = [f"{target.name}: {shown(target.of(total))}" for target in TARGETS if not target.holds(total)]
    if total.slowest_ms >= SLOWEST_MS:
        missed.append(f"slowest hook of a first call: {total.slowest_ms:.0f} ms")
    return missed


def total_of(judgements: Sequence[Judgement]) -> Figures:
    """The figures of all packs together."""
    return reduce(add, (judgement.figures for judgement in judgements))


def document(judgements: Sequence[Judgement], cuts: Sequence[CutJudgement], not_run: Sequence[str]) -> Document:
    """Everything for programs."""
    total = total_of(judgements)
    return {
        "schema_version": SCHEMA_VERSION,
        "packs": [
            {
                "pack": judgement.pack.name,
                "figures": figures_row(judgement.figures),
                "missed": [missed_row(verdict) for verdict in judgement.verdicts if not verdict.met],
                "called_too_noisy": [piece_row(piece) for piece in judgement.rejected],
                "said_again": [piece_row(piece) for piece in judgement.again],
                "in_vain": [piece_row(piece) for piece in judgement.in_vain],
            }
            for judgement in judgements
        ],
        "total": figures_row(total),
        "broken": broken(total),
        "cuts": [
            {
                "pack": cut.pack,
                "table": cut.cut.table,
                "session": cut.cut.session,
                "first": cut.cut.first,
                "last": cut.cut.last,
                "labels": share_row(cut.share(mistakes_only=False)),
                "mistakes": share_row(cut.share(mistakes_only=True)),
                "noise": share_row(cut.noise),
                "in_vain": [piece_row(piece) for piece in cut.in_vain],
                "missed": [missed_row(verdict) for verdict in cut.verdicts if not verdict.met],
            }
            for cut in cuts
        ],
        "cuts_not_run": list(not_run),
    }


def figures_row(figures: Figures) -> Document:
    """Figures for programs."""
    return {
        "labels": share_row(figures.labels),
        "first_call": {**share_row(figures.first_call), "slowest_ms": round(figures.slowest_ms, 3)},
        "more_specific": share_row(figures.specific),
        "not_repeated": share_row(figures.quiet),
        "packet_routes": share_row(figures.packets),
        "live_routes": share_row(figures.live),
        "answered": share_row(figures.answered),
        "noise_per_100_calls": per_100(figures.noise),
    }


def share_row(share: Share) -> Document:
    """A share for programs."""
    return {"count": share.count, "of": share.of, "share": share.share}


def missed_row(verdict: Verdict) -> Document:
    """A label that was not met, with all that was said or held back where it could have been."""
    label = verdict.label
    return {
        "at": label.at.value,
        "call": label.call,
        "tool": label.lesson.tool,
        "target_class": label.lesson.target_class,
        "wanted": list(label.lesson.says_any) or label.lesson.error_class,
        "mistake": label.mistake,
        "why": label.why,
        "moments": [
            {
                "moment": f"{heard.place.kind}:{heard.place.id}",
                "route": route_of(heard.decision),
                "silence": heard.silence,
                "pieces": [piece_row(piece) for piece in heard.pieces],
            }
            for heard in verdict.moments
        ],
    }


def piece_row(piece: Piece) -> Document:
    """A piece for programs."""
    return {"advice_id": piece.advice_id, "held": piece.held, "text": piece.item.text}


def per_100(noise: Share) -> float:
    """Noise per 100 calls."""
    return 100 * noise.count / noise.of if noise.of else 0.0


def shown(share: Share) -> str:
    """A share with its counts."""
    return "-" if share.share is None else f"{share.count}/{share.of} {share.share:.0%}"


def tell(judgements: Sequence[Judgement], cuts: Sequence[CutJudgement], not_run: Sequence[str]) -> None:
    """Prints the tables and what was missed."""
    total = total_of(judgements)
    columns = [*(judgement.figures for judgement in judgements), total]
    table = Table(title="Written packs", title_justify="left", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("")
    for name in (*(judgement.pack.name.partition("-")[0] for judgement in judgements), "all", "target"):
        table.add_column(name[:10], justify="right", no_wrap=True)
    for target in TARGETS:
        mark = "" if target.holds(total) else " !"
        cells = [f"{target.of(figures).count}/{target.of(figures).of}" for figures in columns[:-1]]
        table.add_row(target.name, *cells, shown(target.of(total)), f"{target.wanted}{mark}")
    slow = "" if total.slowest_ms < SLOWEST_MS else " !"
    table.add_row(
        "slowest first hook, ms", *(f"{each.slowest_ms:.1f}" for each in columns), f"< {SLOWEST_MS:.0f}{slow}"
    )
    table.add_row("noise per 100 calls", *(f"{per_100(each.noise):.1f}" for each in columns), "")
    console.print(table)
    for cut in cuts:
        window = f"{cut.cut.table} {cut.cut.session} {cut.cut.first}-{cut.cut.last}"
        console.print(
            f"\nCut of {cut.pack} ({window}):\n  labels {shown(cut.share(mistakes_only=False))}, where there was "
            f"something to do otherwise {shown(cut.share(mistakes_only=True))}, noise {cut.noise.count} of "
            f"{cut.noise.of} calls"
        )
    for reason in not_run:
        console.print(f"\nNOT RUN  {reason}")
    for judgement in judgements:
        tell_missed(judgement.pack.name, judgement.verdicts)
        for piece in judgement.again:
            console.print(f"  said again though too noisy: {brief(piece.item.text)}", markup=False)
        tell_in_vain(judgement.pack.name, judgement.in_vain)
    for cut in cuts:
        tell_missed(f"cut of {cut.pack}", cut.verdicts)
        tell_in_vain(f"cut of {cut.pack}", cut.in_vain)
    for line in broken(total):
        console.print(f"BROKEN  {line}")


def tell_missed(name: str, verdicts: Iterable[Verdict]) -> None:
    """The labels of a pack that were not met."""
    for verdict in verdicts:
        if not verdict.met:
            label = verdict.label
            console.print(f"\n[bold]missed[/] {escape(name)}: {headline(label)}")
            console.print(f"  {label.why}", markup=False)
            for heard in verdict.moments:
                tell_moment(heard, verdict)


def tell_in_vain(name: str, pieces: Iterable[Piece]) -> None:
    """The pieces of a pack that came to nothing."""
    for piece in pieces:
        said = f"in vain {name}: with call {piece.item.position}, {piece.item.channel.value}: {brief(piece.item.text)}"
        console.print(said, markup=False)


def headline(label: Label) -> str:
    """A label in a line."""
    wanted = " | ".join(label.lesson.says_any) or label.lesson.error_class
    about = f"{label.lesson.tool} {label.lesson.target_class}".strip()
    return escape(f"{label.at.value} of {about} ({wanted}), {label.call[-24:]}")


def tell_moment(heard: Heard, verdict: Verdict) -> None:
    """What was said at a moment, else why nothing was; of what was held back, what the label wanted comes first."""
    console.print(
        f"  {heard.place.kind} {heard.place.id[-6:]} [{route_of(heard.decision)}] {heard.silence}".rstrip(),
        markup=False,
    )
    wanted = [piece for moment, piece in verdict.withheld if moment is heard]
    others = [piece for piece in heard.pieces if piece.held and piece not in wanted]
    for piece in heard.said:
        console.print(f"    said: {brief(piece.item.text)}", markup=False)
    for piece in wanted:
        console.print(f"    WANTED, held for {piece.held}: {brief(piece.item.text)}", markup=False)
    for piece in others[:2]:
        console.print(f"    held for {piece.held}: {brief(piece.item.text)}", markup=False)
    if others[2:]:
        console.print(f"    and {len(others) - 2} more held back")


def brief(text: str) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= TEXT_CHARS else f"{line[: TEXT_CHARS - 1]}…"
