"""What `spark report` shows, as tables: printed in columns for a terminal, or as Markdown for a chat or a page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from google.protobuf.descriptor import EnumDescriptor

from gateway.phrases import KINDS, OUTCOMES, ROUTES, SILENCES, VERDICTS
from host.cli.layout import milliseconds
from spark.packets.v1 import advice_pb2
from spark.packets.v1.packets_pb2 import GetStatusResponse
from spark.prefetch.v1 import prefetch_pb2
from spark.router.v1.router_pb2 import Route, Silence
from spark.telemetry.v1.telemetry_pb2 import ArmFigures, CompareArmsResponse
from spark.telemetry.v1.windows_pb2 import Count, Latency, SummarizeResponse

NONE = "–"
PERCENTILES = ("p50", "p90", "p95", "p99")


@dataclass(frozen=True)
class Table:
    """Rows of a label and one figure for each column."""

    heading: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]


def window_tables(windows: Sequence[SummarizeResponse]) -> list[Table]:
    """A window, and the one before it where that is known."""
    columns = ["now", "before"][: len(windows)]

    def each(figure: Callable[[SummarizeResponse], str]) -> list[str]:
        return [figure(window) for window in windows]

    def shares(
        heading: str, of: Callable[[SummarizeResponse], Iterable[Count]], enum: EnumDescriptor, words: Mapping[int, str]
    ) -> Table:
        counts = [{count.name: count.count for count in of(window)} for window in windows]
        names = sorted({name for column in counts for name in column}, key=lambda name: -counts[0].get(name, 0))
        told = by_name(enum, words)
        return Table(
            heading,
            columns,
            [
                (told.get(name, name), [percent(column.get(name, 0), sum(column.values())) for column in counts])
                for name in names
            ],
        )

    tables = [
        Table(
            "",
            columns,
            [
                ("sessions", each(lambda window: f"{window.sessions:,}")),
                ("decisions", each(lambda window: f"{window.decisions:,}")),
                ("with advice", each(lambda window: percent(window.said, window.decisions))),
                ("silent", each(lambda window: percent(window.decisions - window.said, window.decisions))),
                ("something was found", each(lambda window: percent(window.applicable, window.decisions))),
            ],
        ),
        shares("by route", lambda window: window.routes, Route.DESCRIPTOR, ROUTES),
        shares("silent because", lambda window: window.silences, Silence.DESCRIPTOR, SILENCES),
        Table(
            "time to the reply",
            columns,
            [
                (
                    name,
                    each(
                        lambda window, name=name: (
                            milliseconds(getattr(window, f"{name}_us")) if window.decisions else NONE
                        )
                    ),
                )
                for name in PERCENTILES
            ],
        ),
        latency_table(windows[0]),
        shares("what became of advice", lambda window: window.outcomes, advice_pb2.AdviceState.DESCRIPTOR, OUTCOMES),
        shares("called by the user", lambda window: window.verdicts, advice_pb2.Verdict.DESCRIPTOR, VERDICTS),
    ]
    useful = Table(
        "of use",
        columns,
        [("followed and worked, or called helpful", each(lambda window: percent(window.useful, window.judged)))],
    )
    tables += [useful] if any(window.judged for window in windows) else []
    return [*tables, engine_table(windows[0]), fault_table(windows)]


def latency_table(window: SummarizeResponse) -> Table:
    """How long each hook took, and each route."""

    def row(label: str, latency: Latency) -> tuple[str, list[str]]:
        times = [milliseconds(getattr(latency, f"{name}_us")) for name in ("p50", "p95", "p99")]
        return label, [f"{latency.count:,}", *times]

    by_kind = [
        row(KINDS.get(latency.kind, str(latency.kind)), latency)
        for latency in window.latencies
        if latency.kind and not latency.route
    ]
    by_route = [
        row(ROUTES.get(latency.route, str(latency.route)), latency)
        for latency in window.latencies
        if latency.route and not latency.kind
    ]
    return Table("time to the reply, by hook and by route", ["hooks", "p50", "p95", "p99"], [*by_kind, *by_route])


def engine_table(window: SummarizeResponse) -> Table:
    """What engines were asked for, and what it cost."""
    rows = [
        (
            f"{of.engine}, {of.purpose.replace('_', '-')}",
            [f"{of.count:,}", f"{of.input_tokens + of.output_tokens:,}", dollars(of.cost_microusd)],
        )
        for of in window.generations
    ]
    return Table("models", ["calls", "tokens", "cost"], rows)


def fault_table(windows: Sequence[SummarizeResponse]) -> Table:
    """What went wrong, and how often."""
    counts = [{count.name: count.count for count in window.faults} for window in windows]
    names = sorted({name for column in counts for name in column})
    rows = [(name, [f"{column.get(name, 0):,}" for column in counts]) for name in names]
    return Table("faults", ["now", "before"][: len(windows)], rows)


def present_table(packets: GetStatusResponse | None, prefetch: prefetch_pb2.GetStatusResponse | None) -> Table:
    """How packets and prefetch stand at this moment, since their process began."""
    rows: list[tuple[str, list[str]]] = []
    if packets is not None:
        rows.append(("packets that are fresh", [percent(packets.fresh, packets.total)]))
    if prefetch is not None:
        rows += [
            ("requests that wait to be prepared", [f"{prefetch.queued:,}"]),
            ("calls that were prepared for", [percent(prefetch.hits, prefetch.hits + prefetch.misses)]),
            ("prepared ahead by, median", [milliseconds(prefetch.lead_p50_us) if prefetch.hits else NONE]),
        ]
    return Table("at this moment", ["now"], rows)


def arm_table(arms: CompareArmsResponse) -> Table:
    """The arms of the experiment; no rows where there is none."""
    rows = [("advised", figures_of(arms.treatment)), ("advice withheld", figures_of(arms.control))]
    there = arms.treatment.sessions or arms.control.sessions
    return Table("Does advice help?", ["sessions", "calls", "failed", "pieces"], rows if there else [])


def figures_of(arm: ArmFigures) -> list[str]:
    """An arm in a line."""
    return [f"{arm.sessions:,}", f"{arm.calls:,}", percent(arm.failures, arm.calls), f"{arm.pieces:,}"]


def markdown(tables: Iterable[Table]) -> str:
    """Tables as Markdown; those without rows are left out."""
    parts: list[str] = []
    for table in tables:
        if table.rows:
            head = "| " + " | ".join([table.heading, *table.columns]) + " |"
            rule = "|---|" + "---:|" * len(table.columns)
            rows = ["| " + " | ".join(escaped(cell) for cell in (label, *cells)) + " |" for label, cells in table.rows]
            parts.append("\n".join([head, rule, *rows]))
    return "\n\n".join(parts)


def escaped(cell: str) -> str:
    """A cell whose text cannot end it."""
    return cell.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")


def by_name(enum: EnumDescriptor, words: Mapping[int, str]) -> dict[str, str]:
    """The words for values by the names that a summary gives them."""
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return {enum.values_by_number[value].name.removeprefix(prefix).lower(): text for value, text in words.items()}


def percent(part: int, whole: int) -> str:
    """A share of a hundred; a dash of nothing."""
    return f"{100 * part / whole:.1f} %" if whole else NONE


def dollars(microusd: int) -> str:
    """An amount in US dollars, to the hundredth of a cent."""
    return f"${microusd / 1e6:,.4f}"


def points(share: float) -> str:
    """A difference of shares in percentage points, with its sign."""
    return f"{100 * share:+.1f}".replace("-", "−")
