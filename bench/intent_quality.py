"""`python -m bench.intent_quality PATH... [--json]`: how often the intent of a prompt is what a person said it is.

Takes recorded prompts (JSON lines, packed or not, with `session`, `prompt_idx` and `text`), because recordings of
others are not part of this repository. `intent_labels.json` names prompts by session and index only. Its set `held_out`
was drawn and labelled after the last word had been added; the set `seen` was read in choosing them.

Takes written cases as well (a `.json` file with a list `cases`, or a folder of such files). Those of the original
advisory project hold no label of intent. Of a case with a `prompt` and a `domain` it is counted whether a family is
named at all, and, where the domain is plainly one of our families by its name, whether it is that one. The mapping is
ours, and it is no label: a prompt of the domain `operations` may well be about a test. Cases without a prompt are left
out.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from bench.report import console
from bench.unreadable import tell_skipped
from gateway.clients.json_lines import Problem, read_lines
from gateway.perception.intent_families import Family
from gateway.perception.intents import classify
from host.recordings.table_rows import Damaged, prompt_row

LABELS = Path(__file__).with_name("intent_labels.json")

FAMILY_OF_DOMAIN = {
    "operations": Family.DEPLOYMENT_OPS,
    "reliability": Family.TOOL_RELIABILITY,
    "strategy": Family.RESEARCH_DECISION_SUPPORT,
    "orchestration": Family.ORCHESTRATION_EXECUTION,
    "business": Family.STAKEHOLDER_ALIGNMENT,
    "product": Family.STAKEHOLDER_ALIGNMENT,
    "communication": Family.STAKEHOLDER_ALIGNMENT,
    "learning": Family.KNOWLEDGE_ALIGNMENT,
}
"""By the meaning of the name alone; architecture, memory and the like are none of our families."""

Reference = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of one labelled set."""

    labelled: Counter[Family]
    named: Counter[Family]
    right: Counter[Family]

    @property
    def accuracy(self) -> float:
        """Share of prompts filed as labelled."""
        return self.right.total() / self.labelled.total()

    @property
    def precision(self) -> float:
        """Share of the prompts for which a family was named that are of this family."""
        named = self.named.total() - self.named[Family.EMERGENT_OTHER]
        return (self.right.total() - self.right[Family.EMERGENT_OTHER]) / named if named else 0.0


@dataclass
class Given:
    """What the files held."""

    texts: dict[Reference, str] = field(default_factory=dict[Reference, str])
    """Recorded prompts by session and index."""
    cases: dict[str, list[tuple[str, str]]] = field(default_factory=dict[str, list[tuple[str, str]]])
    """By file, the domain and the prompt of each written case."""
    problems: list[Problem] = field(default_factory=list[Problem])


def read(paths: Iterable[Path]) -> Given:
    """Everything that can be read; what cannot is noted."""
    given = Given()
    for path in files_of(paths):
        if path.suffix == ".json":
            given.cases[path.name] = list(cases_of(path, given.problems))
            continue
        for line in read_lines(path, given.problems):
            try:
                row = prompt_row(line.value)
            except Damaged as damage:
                given.problems.append(Problem(path, line.number, str(damage)))
                continue
            given.texts[row.session, row.index] = row.text
    return given


def files_of(paths: Iterable[Path]) -> Iterator[Path]:
    """The files themselves, and the written cases of folders."""
    for path in paths:
        if path.is_dir():
            yield from sorted(path.glob("*.json"))
        else:
            yield path


def cases_of(path: Path, problems: list[Problem]) -> Iterator[tuple[str, str]]:
    """Domain and prompt of the written cases that have both."""
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        problems.append(Problem(path, 0, str(error)))
        return
    listed = cast("dict[str, object]", document).get("cases") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        problems.append(Problem(path, 0, "no list of cases"))
        return
    without = 0
    for each in cast("list[object]", listed):
        case = cast("dict[str, object]", each) if isinstance(each, dict) else {}
        domain, prompt = case.get("domain"), case.get("prompt")
        if isinstance(domain, str) and isinstance(prompt, str):
            yield domain, prompt
        else:
            without += 1
    if without:
        problems.append(Problem(path, 0, f"{without} cases without a domain and a prompt"))


def figures(labels: Mapping[Reference, Family], texts: Mapping[Reference, str]) -> Figures:
    """Labels against answers, of the prompts at hand."""
    pairs = [(family, classify(texts[reference]).family) for reference, family in labels.items() if reference in texts]
    return Figures(
        Counter(label for label, _ in pairs),
        Counter(answer for _, answer in pairs),
        Counter(answer for label, answer in pairs if label is answer),
    )


def of_labels(texts: Mapping[Reference, str]) -> dict[str, dict[str, Any] | None]:
    """The figures of each labelled set; None where none of its prompts is at hand."""
    found: dict[str, dict[str, Any] | None] = {}
    for name, rows in json.loads(LABELS.read_text()).items():
        each = figures({(session, index): Family(family) for session, index, family in rows}, texts)
        found[name] = row_of(each) if each.labelled else None
    return found


def row_of(found: Figures) -> dict[str, Any]:
    """The figures of a set for programs."""
    count, other = found.labelled.total(), Family.EMERGENT_OTHER
    return {
        "prompts": count,
        "accuracy": found.accuracy,
        "precision": found.precision,
        "emergent_other": found.named[other] / count,
        "labelled_emergent_other": found.labelled[other] / count,
        "families": {
            family: {"labelled": labelled, "named": found.named[family], "right": found.right[family]}
            for family, labelled in found.labelled.most_common()
        },
    }


def of_cases(cases: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The figures of written cases, which have no label."""
    answers = [(domain, classify(prompt).family) for domain, prompt in cases]
    mapped = [(FAMILY_OF_DOMAIN[domain], answer) for domain, answer in answers if domain in FAMILY_OF_DOMAIN]
    return {
        "prompts": len(answers),
        "named": sum(answer is not Family.EMERGENT_OTHER for _, answer in answers),
        "mapped": len(mapped),
        "mapped_and_named": sum(answer is not Family.EMERGENT_OTHER for _, answer in mapped),
        "agree": sum(family is answer for family, answer in mapped),
        "answers": [{"domain": domain, "family": answer} for domain, answer in answers],
    }


def document_of(given: Given) -> dict[str, Any]:
    """All figures for programs, of which the report for people is made."""
    return {
        "sets": of_labels(given.texts),
        "all_prompts": dict(Counter(classify(text).family for text in given.texts.values()).most_common()),
        "cases": {name: of_cases(cases) for name, cases in given.cases.items() if cases},
        "skipped": [
            {"path": str(problem.path), "line": problem.line, "reason": problem.reason} for problem in given.problems
        ],
    }


def tell(document: Mapping[str, Any]) -> None:
    """The report for people."""
    for name, found in document["sets"].items() if document["all_prompts"] else ():
        if found is None:
            console.print(f"{name}: none of its prompts is in these recordings")
            continue
        console.print(
            f"{name}: {found['prompts']} prompts, accuracy {found['accuracy']:.2f}, where a family is named "
            f"{found['precision']:.2f}; emergent_other {found['emergent_other']:.2f}, labelled so "
            f"{found['labelled_emergent_other']:.2f}"
        )
        for family, each in found["families"].items():
            console.print(
                f"  {family:26} labelled {each['labelled']:3} named {each['named']:3} right {each['right']:3}"
            )
    if document["all_prompts"]:
        listed = ", ".join(f"{family} {count}" for family, count in document["all_prompts"].items())
        console.print(f"all prompts: {listed}")
    for name, found in document["cases"].items():
        console.print(
            f"{name}: {found['prompts']} prompts without a label, a family named for {found['named']}; of "
            f"{found['mapped']} whose domain is one of our families by its name {found['mapped_and_named']} are named "
            f"and {found['agree']} agree"
        )
        for each in found["answers"]:
            console.print(f"  {each['domain']:20} {each['family']}")


def main() -> int:
    """Reports each set; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.intent_quality", description="Intents against labels.")
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="recorded prompts, or written cases")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    asked = parser.parse_args()
    given = read(asked.paths)
    tell_skipped(given.problems)
    if not given.texts and not any(given.cases.values()):
        return 1
    if asked.json:
        print(json.dumps(document_of(given), indent=2))
    else:
        tell(document_of(given))
    return 0


if __name__ == "__main__":
    sys.exit(main())
