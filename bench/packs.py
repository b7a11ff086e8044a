"""The scenario packs of `bench/scenarios` as data: what was labelled, and on what. Its `README.md` says what it means.

Labels of a cut are worded as those of a written session, so that both are judged alike: a call of a table is known by
the id under which it is played, and so is a prompt.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

SCENARIOS = Path(__file__).with_name("scenarios")


class At(Enum):
    """When advice meets a label."""

    AHEAD = "ahead"
    """In the label's window, or as a refusal of the call."""
    FAILURE = "failure"
    """On the call, before it or at its failure."""
    PROMPT = "prompt"
    """On the prompt of the label's window."""


class Place(NamedTuple):
    """A moment of a session: a prompt, a call that is about to be made, or one that came back."""

    kind: str
    id: str


PROMPT, CALL, RETURN = "prompt", "call", "return"


@dataclass(frozen=True, slots=True)
class Lesson:
    """Which advice is meant."""

    tool: str
    target_class: str
    says_any: tuple[str, ...] = ()
    """Fragments in lower case, one of which good advice holds; empty for a cut, whose labels have an error class."""
    error_class: str = ""
    """In a table's own words."""


@dataclass(frozen=True, slots=True)
class Label:
    """A moment that deserves advice."""

    at: At
    call: str
    window: tuple[Place, ...]
    lesson: Lesson
    why: str
    mistake: bool = True
    """Whether there was something to do otherwise."""


@dataclass(frozen=True, slots=True)
class AfterFailure:
    """Two like calls that fail alike: the second deserves more than the first was told."""

    first: str
    next: str
    lesson: Lesson
    specific_any: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TooNoisy:
    """A call whose advice the user rejects, and the later ones at which it would be due again."""

    call: str
    later: tuple[str, ...]
    lesson: Lesson


@dataclass(frozen=True, slots=True)
class Cut:
    """A window of a recorded session, by reference."""

    table: str
    session: str
    first: int
    last: int
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class Pack:
    """One kind of work."""

    name: str
    session: str
    history: tuple[Path, ...]
    judged: Path
    labels: tuple[Label, ...]
    first_call: str
    after_failure: AfterFailure
    too_noisy: TooNoisy
    cuts: tuple[Cut, ...]


def packs(folder: Path = SCENARIOS) -> list[Pack]:
    """All packs of a folder, by name.

    Raises:
        OSError, ValueError, KeyError: when a file is missing, is no JSON, or lacks what it must hold.
    """
    return [pack_at(found.parent) for found in sorted(folder.glob("*/labels.json"))]


def pack_at(folder: Path) -> Pack:
    """One pack.

    Raises:
        OSError, ValueError, KeyError: when a file is missing, is no JSON, or lacks what it must hold.
    """
    written = json.loads((folder / "labels.json").read_text())
    cuts = json.loads((folder / "cuts.json").read_text())
    after, noisy = written["after_failure"], written["too_noisy"]
    return Pack(
        name=written["pack"],
        session=written["session"],
        history=tuple(folder / name for name in written["history"]),
        judged=folder / "judged.jsonl",
        labels=tuple(label_in(moment) for moment in written["moments"]),
        first_call=written["first_call"],
        after_failure=AfterFailure(
            after["first"], after["next"], lesson_in(after["lesson"]), tuple(after["specific_any"])
        ),
        too_noisy=TooNoisy(noisy["call"], tuple(noisy["later"]), lesson_in(noisy["lesson"])),
        cuts=tuple(cut_in(cut) for cut in cuts["cuts"]),
    )


def label_in(moment: Mapping[str, Any]) -> Label:
    """A label of a written session."""
    window = places(moment.get("window", ()), "")
    return Label(At(moment["at"]), moment["call"], window, lesson_in(moment["lesson"]), moment["why"])


def cut_in(cut: Mapping[str, Any]) -> Cut:
    """A cut; its calls and prompts get the ids under which a table's rows are played."""
    session = cut["session"]
    labels = tuple(
        Label(
            at=At(moment["at"]),
            call=f"{session}:{moment['idx']}",
            window=places(moment.get("window", ()), f"{session}:"),
            lesson=lesson_in(moment["lesson"]),
            why=moment["why"],
            mistake=moment["mistake"],
        )
        for moment in cut["moments"]
    )
    return Cut(cut["table"], session, cut["first"], cut["last"], labels)


def places(window: Sequence[str], before_id: str) -> tuple[Place, ...]:
    """The moments that a window lists, as `prompt:ID` and `return:ID`."""
    pairs = (entry.partition(":") for entry in window)
    return tuple(Place(kind, f"{before_id}{name}") for kind, _, name in pairs)


def lesson_in(lesson: Mapping[str, Any]) -> Lesson:
    """What a label wants said."""
    return Lesson(
        lesson["tool"], lesson["target_class"], tuple(lesson.get("says_any", ())), lesson.get("error_class", "")
    )
