"""Every name by which others see Spark: its metrics, its spans, and the words of its log lines.

They are read where they stand in the code, so that there is one place for each. `python -m host.telemetry_names`
writes them to docs/telemetry-names.md; a test refuses a document that differs, a metric that a process has and the code
does not show, and a name that breaks a rule of `broken_rules`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from chassis.spans import NAMES
from host.production import METRICS

REPOSITORY = Path(__file__).parents[1]
DOCUMENT = REPOSITORY / "docs" / "telemetry-names.md"
PACKAGES = ("chassis", "gateway", "host", "services")

KINDS = {"Counter": "counter", "Gauge": "gauge", "Histogram": "histogram"}
LEVELS = {"exception": "error", **{level: level for level in ("debug", "info", "warning", "error", "critical")}}
UNITS = {"_seconds": "seconds", "_bytes": "bytes", "_usd": "US dollars", "_ratio": "0 to 1"}
YES_OR_NO = ("_info", "_up", "_ready", "_paused")

NAME = re.compile(r"spark(_[a-z0-9]+)+")
ACTION = re.compile(r"[a-z]+(_[a-z0-9]+)*")
OTHER_UNITS = re.compile(r"_(ms|us|millis\w*|micros\w*|minutes|hours|days|percent|kb|mb|kib|mib|dollars)(_|$)")
TAKEN = ("_total", "_count", "_sum", "_bucket", "_created")
"""Endings that Prometheus' own client appends."""
NEVER_LABELS = frozenset(
    {"workspace", "workspace_id", "project", "project_id", "session", "session_id", "path", "file", "user", "text"}
)
"""What would make series without end, or tell whoever scrapes about somebody's work."""


class Unreadable(ValueError):
    """A name that does not stand plainly in the code; the message says where."""


@dataclass(frozen=True, slots=True)
class Named:
    """A metric as the code makes it; `name` is that of its family, without `_total`."""

    name: str
    kind: str
    says: str
    labels: tuple[str, ...]
    where: str

    @property
    def shown(self) -> str:
        """The name by which Prometheus has it."""
        return f"{self.name}_total" if self.kind == "counter" else self.name

    @property
    def unit(self) -> str:
        """What its values are in."""
        for suffix, unit in UNITS.items():
            if self.name.endswith(suffix):
                return unit
        return "0 or 1" if self.kind == "gauge" and self.name.endswith(YES_OR_NO) else "number"


@dataclass(frozen=True, slots=True)
class Line:
    """A log line as the code writes it; an `action` that is empty is missing."""

    action: str
    level: str
    message: str
    where: str


@dataclass
class Names:
    """What stands in some code."""

    metrics: list[Named] = field(default_factory=list[Named])
    lines: list[Line] = field(default_factory=list[Line])


def all_names(root: Path = REPOSITORY) -> Names:
    """The names in all of Spark.

    Raises:
        Unreadable: when one does not stand plainly there.
    """
    found = Names()
    for package in PACKAGES:
        for file in sorted((root / package).rglob("*.py")):
            here = names_in(file.read_text(encoding="utf-8"), file.relative_to(root).as_posix())
            found.metrics += here.metrics
            found.lines += here.lines
    return found


def names_in(source: str, where: str) -> Names:
    """The names in one file.

    Raises:
        Unreadable: when one does not stand plainly there.
    """
    tree = ast.parse(source)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    makers, words = makers_in(tree), words_in(tree)
    made = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id in makers]
    lines = (line_of(call, words, where) for call in calls)
    return Names([metric_of(call, makers, where) for call in made], [line for line in lines if line is not None])


def makers_in(tree: ast.Module) -> Mapping[str, str]:
    """The kinds of metrics that a file takes from Prometheus' client; others have counters too."""
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module)
    taken = (name.name for node in imports if node.module == "prometheus_client" for name in node.names)
    return {name: KINDS[name] for name in taken if name in KINDS}


def words_in(tree: ast.Module) -> Mapping[str, str]:
    """The `action` of what is kept under a name before it goes to the log."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            word = action_in(node.value)
            if word:
                found[node.targets[0].id] = word
    return found


def action_in(node: ast.expr) -> str:
    """The `action` in a dictionary that stands there; empty without one."""
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == "action":
                return text_of(value)
    return ""


def metric_of(call: ast.Call, makers: Mapping[str, str], where: str) -> Named:
    """The metric that a call makes.

    Raises:
        Unreadable: when its name, words or labels are put together elsewhere.
    """
    assert isinstance(call.func, ast.Name)
    given = [*call.args, *(each.value for each in call.keywords if each.arg == "labelnames")]
    labels = given[2].elts if len(given) > 2 and isinstance(given[2], ast.List | ast.Tuple) else []
    texts = [text_of(each) for each in (*given[:2], *labels)]
    if len(texts) < 2 or not all(texts) or (len(given) > 2 and not labels):
        raise Unreadable(f"{where}:{call.lineno}: a metric whose name, words and labels do not stand there")
    name, says, *rest = texts
    return Named(name.removesuffix("_total"), makers[call.func.id], says, tuple(rest), where)


def line_of(call: ast.Call, words: Mapping[str, str], where: str) -> Line | None:
    """The log line that a call writes; None for a call of anything else."""
    at = call.func
    if not (isinstance(at, ast.Attribute) and isinstance(at.value, ast.Name) and at.value.id == "log"):
        return None
    if at.attr == "log":
        level = ", ".join(sorted(set(re.findall(r"logging\.([A-Z]+)", ast.unparse(call.args[0]))))).lower()
        message = text_of(call.args[1])
    elif at.attr in LEVELS:
        level, message = LEVELS[at.attr], text_of(call.args[0])
    else:
        return None
    extra = next((each.value for each in call.keywords if each.arg == "extra"), None)
    named = words.get(extra.id, "") if isinstance(extra, ast.Name) else ""
    return Line(named or (action_in(extra) if extra is not None else ""), level, message, f"{where}:{call.lineno}")


def text_of(node: ast.expr) -> str:
    """A text that stands there; empty for anything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def broken_rules(names: Names) -> list[str]:
    """What is wrong with names, by name; empty when nothing is."""
    found = [f"{metric.shown}: {wrong}" for metric in names.metrics for wrong in faults_of(metric)]
    seen: set[str] = set()
    for metric in names.metrics:
        if metric.name in seen:
            found.append(f"{metric.shown}: stands in more than one place")
        seen.add(metric.name)
    found += (
        f"{line.where}: a log line needs an action, a plain word, and has {line.action!r}"
        for line in names.lines
        if not ACTION.fullmatch(line.action)
    )
    return found


def faults_of(metric: Named) -> Iterator[str]:
    """What is wrong with a metric's name, unit, labels or words."""
    if not NAME.fullmatch(metric.name):
        yield "must be spark_ and words in small letters"
    if OTHER_UNITS.search(metric.name):
        yield "must be in seconds, bytes, US dollars, or a ratio"
    if metric.kind == "histogram" and metric.unit == "number":
        yield f"a histogram must end in its unit: {', '.join(UNITS)}"
    if metric.name.endswith(TAKEN):
        yield f"must not end in what Prometheus appends: {', '.join(TAKEN)}"
    if metric.says.endswith("."):
        yield "its words are a phrase, without a full stop"
    for label in metric.labels:
        if label in NEVER_LABELS:
            yield f"must not have the label {label}"


def document(names: Names) -> str:
    """The document that tells of the names."""
    metrics = sorted(names.metrics, key=lambda metric: metric.name)
    rows = [
        (f"`{each.shown}`", each.kind, ", ".join(each.labels), each.unit, each.says, "yes" if served(each) else "")
        for each in metrics
    ]
    return "\n".join(
        [
            "# Names in metrics, traces and logs",
            "",
            "`make names` writes this file out of the code, and a test holds it to it. Names are part of what Spark",
            "promises: dashboards and alerts of others stand on them.",
            "",
            "## Metrics",
            "",
            "At `/metrics`; those marked are at `/metrics/production` too, as are some of the process itself",
            "(`process_*`: memory, processor time, open files). Seconds, bytes, US dollars and ratios of 0 to 1, never",
            "their multiples. No label names a project, a session or a path.",
            "",
            *table(("metric", "kind", "labels", "unit", "what it says", "production"), rows),
            "",
            "## Spans",
            "",
            "Exported where `OTEL_EXPORTER_OTLP_ENDPOINT` is set. They have no attributes: what somebody works on",
            "stays here.",
            "",
            *table(("span", "what it is"), [(f"`{name}`", says) for name, says in NAMES.items()]),
            "",
            "## Words of log lines",
            "",
            "The field `action` of a JSON line. `trace_id` is there where one call or one event is concerned.",
            "",
            *table(("action", "level", "message", "where"), line_rows(names.lines)),
            "",
        ]
    )


def served(metric: Named) -> bool:
    """Whether a metric is at `/metrics/production`."""
    return metric.name in METRICS


def line_rows(lines: Sequence[Line]) -> list[tuple[str, ...]]:
    """A row for each action, with all that it stands for."""
    rows: list[tuple[str, ...]] = []
    for action in sorted({line.action for line in lines}):
        own = [line for line in lines if line.action == action]
        files = (f"`{line.where.partition(':')[0]}`" for line in own)
        rows.append((f"`{action}`", once(line.level for line in own), once(line.message for line in own), once(files)))
    return rows


def once(texts: Iterable[str]) -> str:
    """Texts in a row, each once."""
    return ", ".join(dict.fromkeys(texts))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines]


if __name__ == "__main__":
    DOCUMENT.write_text(document(all_names()), encoding="utf-8")
