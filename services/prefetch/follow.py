"""Follows a session call by call: the track after an event. Pure; knows no counts."""

from __future__ import annotations

import posixpath

from chassis.call_words import call_words
from services.prefetch.examples import described, words_of
from services.prefetch.failing_call import identity
from services.prefetch.model import (
    EDITS,
    GROUPS_AT_MOST,
    LATELY,
    PROMPT_WORDS_AT_MOST,
    READS,
    RETURNED_AT_MOST,
    STEPS_AT_MOST,
    Call,
    Event,
    GroupRuns,
    Outcome,
    Step,
    Track,
    remember,
)
from services.prefetch.next_call import detail_of

WORDS_LATELY = 24
"""Words that are remembered of one of the last calls."""
COMES_AGAIN = 2000
"""Places in the stream within which an event that lies behind is one that came again; further back, the stream was
made anew and counts from the beginning."""


def heard_before(track: Track, event: Event) -> bool:
    """Whether a session knows of an event: a batch may come twice, and an import may follow a live session.

    Calls are known by their ids, for replicas get those of one session in turns. What is imported must be newer than
    what the session knows, since it cannot remember all ids.
    """
    call = event.call
    if call is None or not call.tool_use_id:
        return came_again(track.sequence, event)
    if call.tool_use_id in track.returned:
        return True
    last = track.last
    if not event.live and last is not None and event.at.timestamp() < last.seconds:
        return True
    return came_again(track.returned_before, event)


def came_again(known: int, event: Event) -> bool:
    """Whether an event lies at or before a place in the stream up to which all is known."""
    return known - COMES_AGAIN < event.sequence <= known


def prompted(track: Track, event: Event) -> None:
    """Takes in what the user said."""
    track.sequence = max(track.sequence, event.sequence)
    track.prompted = True
    track.prompt_words = event.prompt_tokens[:PROMPT_WORDS_AT_MOST]
    track.intent = event.intent or track.intent


def advance(track: Track, event: Event, call: Call) -> None:
    """Takes in a call that came back."""
    failed = event.failed
    index = track.index
    step = Step(call.group, failed, detail(track, call), event.at.timestamp())
    track.steps = [*track.steps[-(STEPS_AT_MOST - 1) :], step]
    own = track.groups.pop(call.group, None) or GroupRuns()
    own.runs += 1
    own.last = index
    if failed:
        own.failures += 1
        own.failed = index
        remember(track.failures, identity(call), index)
    if event.outcome is Outcome.SUCCEEDED:
        track.lately = [*track.lately[-(LATELY - 1) :], worked_on(call)]
    track.groups[call.group] = own
    if len(track.groups) > GROUPS_AT_MOST:
        del track.groups[next(iter(track.groups))]
    if call.target and not call.is_shell:
        remember(track.touched, call.target, index)
        if event.outcome is Outcome.SUCCEEDED and call.tool in READS:
            remember(track.reads, call.target, index)
        if event.outcome is Outcome.SUCCEEDED and call.tool in EDITS:
            remember(track.edits, call.target, index)
    track.index = index + 1
    track.sequence = max(track.sequence, event.sequence)
    track.prompted = False
    if call.tool_use_id:
        track.returned[call.tool_use_id] = event.sequence
        if len(track.returned) > RETURNED_AT_MOST:
            track.returned_before = max(track.returned_before, track.returned.pop(next(iter(track.returned))))


def worked_on(call: Call) -> list[str]:
    """The words of a call that tell what it works on; of a tool that takes switches and numbers, its target alone."""
    words = words_of(call) if call.is_shell or call.tool in EDITS else call_words(call.target)
    return list(dict.fromkeys((*words, *described(call))))[:WORDS_LATELY]


def detail(track: Track, call: Call) -> str:
    """What a call did within its group: a command by its words, others by whether the session had the target before."""
    if not call.is_shell:
        return "known" if call.target in track.touched else "new"
    words = call.target.split()
    program = call.group.partition("|")[2].partition(" ")[0]
    names = [posixpath.basename(word) for word in words]
    start = names.index(program) if program in names else 0
    piped = call.command.rpartition("|")[2].split() if "|" in call.command else []
    return detail_of(words[start:], piped[0] if piped else "")
