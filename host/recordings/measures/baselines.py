"""What simple rules would have reached at the same moments, knowing the past alone.

They use the recording's own words for failures, and are judged like the advice.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from host.recordings.measures.fixes import Fixable
from host.recordings.measures.model import HORIZON, Call, CallClass, Channel, FailureKey, Item, Judged
from host.recordings.measures.words import words

COMMON_WORDS = 100
"""Words of the common-words text: with so many it is right as often as published for recorded runs, 0.22."""
SMOOTHING = 5.0
"""Calls without the transition, and without the failure, that are added to what was seen of each: with 5 the forecast
comes out as published for recorded runs, 0.08 of the failures at 4 pieces of noise."""


def moments_of(judged: Judged) -> Iterator[tuple[Call | None, str, str, int, Channel]]:
    """Every prompt and result in their order: the call that came back, project, session, and the next call's place."""
    for call in judged.calls:
        if call.index in judged.prompts.get(call.session, ()):
            yield None, call.project, call.session, call.index, Channel.PROMPT
        channel = Channel.FAILURE if call.failed else Channel.RESULT
        yield call, call.project, call.session, call.index + 1, channel


def most_recent_error(judged: Judged) -> list[Item]:
    """On every prompt and result, the failure that came last in the project."""
    last: dict[str, FailureKey] = {}
    items: list[Item] = []
    for came_back, project, session, position, channel in moments_of(judged):
        if came_back is not None and came_back.failed:
            last[project] = came_back.recorded
        if project in last:
            items.append(Item(session, position, channel, "", names=(last[project],)))
    return items


class _Forecast:
    """First-order transitions between classes of calls, and how often each class failed and how."""

    def __init__(self) -> None:
        self._after: defaultdict[CallClass | None, Counter[CallClass]] = defaultdict(Counter)
        self._made: Counter[CallClass] = Counter()
        self._failures: defaultdict[CallClass, Counter[FailureKey]] = defaultdict(Counter)

    def learn(self, before: CallClass | None, call: Call) -> None:
        """Takes in a call that came back."""
        self._after[before][call.call_class] += 1
        self._made[call.call_class] += 1
        if call.failed:
            self._failures[call.call_class][call.recorded] += 1

    def likeliest(self, now: CallClass | None) -> tuple[float, FailureKey] | None:
        """The likeliest failure of the next call: how likely the call is, times the rate at which it failed so."""
        following = self._after.get(now)
        if not following:
            return None
        total = following.total() + SMOOTHING
        best: tuple[float, FailureKey] | None = None
        for name, count in following.items():
            for failure, failed in self._failures[name].most_common(1) if name in self._failures else ():
                probability = count / total * failed / (self._made[name] + SMOOTHING)
                if best is None or probability > best[0]:
                    best = probability, failure
        return best


def markov_times_failure_rate(judged: Judged) -> list[Item]:
    """On every prompt and result, the likeliest failure of the next call with its probability, to be thresholded.

    A failure is not named again while the calls of its last naming are not over, unless it has become likelier.
    """
    forecasts: defaultdict[str, _Forecast] = defaultdict(_Forecast)
    last: dict[str, CallClass] = {}
    named: dict[tuple[str, FailureKey], Item] = {}
    items: list[Item] = []
    for came_back, project, session, position, channel in moments_of(judged):
        forecast = forecasts[project]
        if came_back is not None:
            forecast.learn(last.get(session), came_back)
            last[session] = came_back.call_class
        found = forecast.likeliest(last.get(session))
        if found is None:
            continue
        probability, failure = found
        before = named.get((session, failure))
        if before is None or position - before.position >= HORIZON or probability > before.probability:
            item = Item(session, position, channel, "", names=(failure,), probability=probability)
            named[session, failure] = item
            items.append(item)
    return items


def recent_error_text(case: Fixable) -> str:
    """The last pair of the class: what was called, what it printed where that is known, and what worked."""
    last = case.earlier[-1]
    return f"{last.failure.input} {last.failure.error} {last.fix.input}"


def common_words_text(case: Fixable) -> str:
    """The words that earlier fixes of the class added most often, without those that the failed call holds."""
    added: Counter[str] = Counter()
    for pair in case.earlier:
        added.update(words(pair.fix.input) - words(pair.failure.input))
    held = words(case.pair.failure.input)
    # Words that came equally often in the order of the alphabet: sets have none, and a score must come out again.
    ordered = sorted((word for word in added if word not in held), key=lambda word: (-added[word], word))
    return " ".join(ordered[:COMMON_WORDS])
