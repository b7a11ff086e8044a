"""All measures of a replay and of the baselines, as one document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from host.recordings.measures import baselines
from host.recordings.measures.curve import NOISE_MARKS, Point, at_noise, curve
from host.recordings.measures.failing import area, by_full_target, by_target_class, rates
from host.recordings.measures.fixes import Fixable, fixable, holds_needed, texts_for
from host.recordings.measures.following import expected, hits
from host.recordings.measures.intervals import area_interval, share, wilson
from host.recordings.measures.latency import percentiles
from host.recordings.measures.model import Call, CallClass, Item, Judged, perceived, recorded
from host.recordings.measures.routes import Routes, answered, had_failed, has_piece, routes
from host.recordings.measures.verdicts import Verdict, verdicts
from host.recordings.measures.warning import repeated_failures, warning
from host.recordings.measures.words import Rarity

Document = dict[str, Any]


def measured(judged: Judged) -> Document:
    """The measures, the baselines over the same moments, and the curves."""
    rarity, sessions = Rarity(judged.calls), judged.sessions()
    repeated = repeated_failures(judged.calls)
    number = len(judged.calls)
    cases = fixable(judged.pairs, rarity)
    advice = verdicts(judged.items, sessions, rarity, perceived)
    recent = verdicts(baselines.most_recent_error(judged), sessions, rarity, recorded)
    markov = verdicts(baselines.markov_times_failure_rate(judged), sessions, rarity, recorded)
    markov_curve = curve(markov, repeated, number)
    return {
        "measures": {
            **warnings(advice, repeated, number),
            "by_channel": borne_out_by(advice, lambda item: item.channel.value),
            "by_source": borne_out_by(advice, lambda item: item.source),
            "fixed": fixed([holds_needed(case, texts) for case, texts in told(cases, judged.items)]),
            "failure_prediction": prediction_of_failures(judged.calls),
            "next_call": prediction_of_calls(judged.calls),
            "routes": routes_of(judged),
            "latency_ms": percentiles(moment.milliseconds for moment in judged.moments),
        },
        "baselines": {
            "none": {**warnings([], repeated, number), "fixed": fixed([False for _ in cases])},
            "most_recent_error": {
                **warnings(recent, repeated, number),
                "fixed": fixed([holds_needed(case, [baselines.recent_error_text(case)]) for case in cases]),
            },
            "common_words": {
                "fixed": fixed([holds_needed(case, [baselines.common_words_text(case)]) for case in cases]),
            },
            "markov": {
                "warned_at_noise": marks(markov_curve),
                "next_call": markov_next_call(judged.calls),
            },
            "failure_rate": {
                "by_target_class": discrimination(rates(judged.calls, by_target_class), judged.calls),
                "by_full_target": discrimination(rates(judged.calls, by_full_target), judged.calls),
            },
        },
        "curve": {"warned_at_noise": marks(curve(advice, repeated, number))},
    }


def warnings(judged: Sequence[Verdict], repeated: frozenset[int], calls: int) -> Document:
    """`warned` and `noise` of what was delivered."""
    found = warning(judged, repeated, calls)
    return {
        "warned": {
            **proportion(found.in_time, found.repeated),
            "not_at_a_failure": proportion(found.ahead, found.repeated),
            "with_call": proportion(found.with_call, found.repeated),
            "in_time_by_channel": found.in_time_by_channel,
        },
        "noise": {"per_100_calls": found.noise, "delivered": found.delivered, "borne_out": found.borne_out},
    }


def borne_out_by(judged: Sequence[Verdict], kind_of: Callable[[Item], str]) -> Document:
    """Pieces delivered of each kind, and how many of them were borne out."""
    delivered = Counter(kind_of(verdict.item) for verdict in judged)
    borne_out = Counter(kind_of(verdict.item) for verdict in judged if verdict.borne_out)
    return {name: {"delivered": count, "borne_out": borne_out[name]} for name, count in sorted(delivered.items())}


def told(cases: Sequence[Fixable], items: Sequence[Item]) -> list[tuple[Fixable, list[str]]]:
    """Each case with what was said for it."""
    said: dict[str, list[Item]] = {}
    for item in items:
        said.setdefault(item.session, []).append(item)
    return [(case, texts_for(case.pair, said.get(case.pair.failure.session, ()))) for case in cases]


def fixed(held: Sequence[bool]) -> Document:
    """The share of cases that were told a word they needed."""
    return proportion(sum(held), len(held))


def prediction_of_failures(calls: Sequence[Call]) -> Document | None:
    """The area over all calls; None where nothing was predicted."""
    given = [call.prediction.failure if call.prediction is not None else None for call in calls]
    predicted = sum(score is not None for score in given)
    if not predicted:
        return None
    return {**discrimination([0.0 if score is None else score for score in given], calls), "predicted": predicted}


def prediction_of_calls(calls: Sequence[Call]) -> Document | None:
    """The share over all calls; None where nothing was predicted."""
    guesses = [call.prediction.following if call.prediction is not None else None for call in calls]
    predicted = sum(guess is not None for guess in guesses)
    if not predicted:
        return None
    return {**proportion(hits(calls, guesses, perceived_class), len(calls)), "predicted": predicted}


def markov_next_call(calls: Sequence[Call]) -> Document:
    """The baseline in the recording's words, and in those in which predictions are made."""
    return {
        words: proportion(hits(calls, expected(calls, of), of), len(calls))
        for words, of in (("recorded", recorded_class), ("perceived", perceived_class))
    }


def routes_of(judged: Judged) -> Document:
    """Routes over the moments that have something to say, by both definitions of that."""
    return {
        "found": shares(routes(judged.moments, has_piece)),
        "failed_before": shares(routes(judged.moments, had_failed)),
        "answered": proportion(answered(judged.moments), len(judged.moments)),
    }


def shares(found: Routes) -> Document:
    """Counts and the shares that are asked for."""
    return {
        **asdict(found),
        "packets_share": share(found.packets, found.applicable),
        "live_share": share(found.live, found.applicable),
        "first_calls_share": share(found.first_calls_packets, found.first_calls),
    }


def discrimination(scores: Sequence[float], calls: Sequence[Call]) -> Document:
    """The area under the curve with its interval."""
    outcomes = [call.failed for call in calls]
    found, failing = area(scores, outcomes), sum(outcomes)
    interval = area_interval(found, failing, len(calls) - failing) if found is not None else None
    return {"auc": found, "interval": interval, "failing": failing, "calls": len(calls)}


def proportion(part: int, whole: int) -> Document:
    """A share with its interval."""
    return {"share": share(part, whole), "interval": wilson(part, whole), "count": part, "of": whole}


def marks(points: Sequence[Point]) -> Mapping[str, Document | None]:
    """A curve, read at the noise marks."""
    found = {f"{noise:g}": at_noise(points, noise) for noise in NOISE_MARKS}
    return {noise: asdict(point) if point is not None else None for noise, point in found.items()}


def perceived_class(call: Call) -> CallClass:
    """In the gateway's words."""
    return call.perceived_class


def recorded_class(call: Call) -> CallClass:
    """In the recording's words."""
    return call.call_class
