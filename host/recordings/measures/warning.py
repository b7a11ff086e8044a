"""`warned` and `noise`: how many repeated failures were named in time, and how much was said in vain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from host.recordings.measures.model import Call, Channel, FailureKey
from host.recordings.measures.verdicts import Verdict

IN_TIME = frozenset({Channel.PROMPT, Channel.RESULT, Channel.FAILURE, Channel.REFUSAL})
"""Channels by which a text is read before the call that it is about."""


@dataclass(frozen=True)
class Warned:
    """Counts; noise is in items per 100 calls."""

    repeated: int
    """Failing calls whose class of failure had occurred in the project before."""
    in_time: int
    """Of these: named on a prompt, an earlier result, an earlier failure, or as a refusal."""
    ahead: int
    """Of these: on something else than a failure. To name a failure when it has just happened is the easier half."""
    with_call: int
    """Of those not in time: named by a text that came with a call, and so with its result."""
    in_time_by_channel: dict[str, int]
    """A failure that was named on several counts for each."""
    delivered: int
    borne_out: int
    calls: int

    @property
    def noise(self) -> float:
        """Items per 100 calls that were not borne out."""
        return 100 * (self.delivered - self.borne_out) / self.calls if self.calls else 0.0


def repeated_failures(calls: Iterable[Call]) -> frozenset[int]:
    """Orders of the failing calls whose (tool, target class, error class) failed earlier in their project."""
    seen: set[tuple[str, FailureKey]] = set()
    found: set[int] = set()
    for call in calls:
        if not call.failed:
            continue
        key = (call.project, call.recorded)
        if key in seen:
            found.add(call.order)
        seen.add(key)
    return frozenset(found)


def warning(judged: Sequence[Verdict], repeated: frozenset[int], calls: int) -> Warned:
    """The counts over all that was delivered."""
    in_time: set[int] = set()
    any_time: set[int] = set()
    ahead: set[int] = set()
    by_channel: defaultdict[str, set[int]] = defaultdict(set)
    for verdict in judged:
        named = repeated.intersection(verdict.warned)
        any_time |= named | repeated.intersection(verdict.with_call)
        if verdict.item.channel in IN_TIME:
            in_time |= named
            ahead |= named if verdict.item.channel is not Channel.FAILURE else set()
            by_channel[verdict.item.channel.value] |= named
    return Warned(
        repeated=len(repeated),
        in_time=len(in_time),
        ahead=len(ahead),
        with_call=len(any_time - in_time),
        in_time_by_channel={name: len(found) for name, found in by_channel.items()},
        delivered=len(judged),
        borne_out=sum(verdict.borne_out for verdict in judged),
        calls=calls,
    )
