"""Calls kept as examples: what worked, and what fixed a failure of the like. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, replace

from chassis.call_words import call_words
from services.prefetch.model import EDITS, Call, Event, OpenFailure, Outcome, Track

REACH = 15
"""Calls after a failure within which a success of the like can be its fix, as in memory: the median distance is 3."""
OPEN_AT_MOST = 12
SHOWN_CHARS = 240
DESCRIPTION_CHARS = 80
WORDS_AT_MOST = 60


@dataclass(frozen=True, slots=True)
class Example:
    """A call that worked; with a class of failure, one that followed such a failure."""

    group: str
    target: str
    session_id: str
    shown: str
    description: str
    words: tuple[str, ...]
    called: str = ""
    """The target of a command, as moments have it."""
    failure_class: str = ""
    failed_words: tuple[str, ...] = ()


def words_of(call: Call) -> tuple[str, ...]:
    """The pieces by which a call's like is known: of a command, of what an edit puts in place, else of its target."""
    text = (call.command if call.is_shell else "") or call.replacement or f"{call.target} {call.command}"
    return call_words(text[:4000])[:WORDS_AT_MOST]


def described(call: Call) -> tuple[str, ...]:
    """The pieces of what the agent said that a call is for."""
    return call_words(call.description)


def example_of(call: Call, session_id: str) -> Example:
    """A call that worked, as it is kept."""
    return Example(
        call.group,
        about(call),
        session_id,
        call.shown[:SHOWN_CHARS],
        call.description[:DESCRIPTION_CHARS],
        (*words_of(call), *described(call))[:WORDS_AT_MOST],
        call.target if call.is_shell else "",
    )


def about(call: Call) -> str:
    """What examples are told apart by beside their group: the file of an edit, whatever its folder."""
    return posixpath.basename(call.target)[:200] if call.tool in EDITS else ""


def opened(call: Call, failure_class: str, index: int) -> OpenFailure:
    """A failure that waits for a success of the like."""
    return OpenFailure(call.group, about(call), failure_class, words_of(call), call.shown[:SHOWN_CHARS], index)


def taken_in(track: Track, event: Event, call: Call, *, known_to_fail: bool) -> list[Example]:
    """The examples that a call gives, and the track's open failures after it, changed in place.

    Only calls of groups that have failed in the project are kept: nobody asks what worked where nothing fails. A call
    that the user refused has neither worked nor failed.
    """
    track.open = [item for item in track.open if track.index - item.index < REACH]
    if event.failed:
        track.open = [*track.open, opened(call, event.failure_class, track.index)][-OPEN_AT_MOST:]
        return []
    if not known_to_fail or event.outcome is not Outcome.SUCCEEDED:
        return []
    example = example_of(call, event.place.session_id)
    fixed = [item for item in track.open if item.group == call.group and item.target == example.target]
    track.open = [item for item in track.open if item not in fixed]
    return [example, *fixes(example, fixed)]


def fixes(example: Example, failures: Iterable[OpenFailure]) -> list[Example]:
    """A call that worked as the fix of failures, where it was not the same call again."""
    return [
        replace(example, failure_class=item.failure_class, failed_words=item.words)
        for item in failures
        if set(item.words) != set(example.words)
    ]
