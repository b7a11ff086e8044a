"""How well a packet does: a posterior that forgets, the score that it gives, and the stage that follows. Pure.

What came of advice is kept as three masses, help, harm and noise, each of which halves in every half-life. The score is
the mean of the Beta distribution that they make of the prior Beta(1, 1): half while nothing is known, and half again
once what was known has faded. Half-life (90 days) and weight of harm (4) are those of the best scoring known
(cass_memory).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from spark.packets.v1 import advice_pb2

State = advice_pb2.AdviceState.ValueType
Stage = advice_pb2.Stage.ValueType
Verdict = advice_pb2.Verdict.ValueType

CANDIDATE = advice_pb2.STAGE_CANDIDATE
ESTABLISHED = advice_pb2.STAGE_ESTABLISHED
PROVEN = advice_pb2.STAGE_PROVEN
WARNING = advice_pb2.STAGE_WARNING
RETIRED = advice_pb2.STAGE_RETIRED

PRIOR = 1.0
"""Pseudo-count for help and for harm: Laplace's rule, as the original system scored."""

HARM_WEIGHT = 4.0
"""One harm cancels four helps: advice that misleads costs the calls it led to, and the trust in the next."""

EARLIER_WOULD_HAVE_HELPED = 0.25
"""Help of advice that was right and not taken: a quarter of that of advice that was. What was not followed has not
shown that following works."""

IDLE = 0.1
"""Noise of advice that nothing came of. With the quarter above, a packet keeps its score when what it names comes in
two of seven times; that share warns of a quarter of all failures at five idle pieces in a hundred calls."""

USER_SAYS_HELPFUL = 3.0
"""A user's word is worth three observations: it tells of the cause, which a later call only lets suppose."""
USER_SAYS_NOT_HELPFUL = 1.0
"""Worth a failure for which following was wholly to blame, twice one for which it may have been."""
USER_SAYS_TOO_NOISY = 2.0
"""Worth twenty idle pieces: a user who takes the trouble has seen many."""

ESTABLISHED_HELP, ESTABLISHED_FROM, ESTABLISHED_UNTIL = 2.0, 0.60, 0.50
"""Two fresh helps make it; it is lost below the second score. Half is where the score of the unknown lies."""
PROVEN_HELP, PROVEN_FROM, PROVEN_UNTIL = 5.0, 0.75, 0.65
"""Five, and three in four; a tenth lies between gaining and losing, which a single idle piece never spans."""
WARNING_HARM, WARNING_FROM, WARNING_UNTIL = 1.5, 0.25, 0.40
"""More than one failure's worth of harm, so that no single call turns advice round."""
RETIRED_NOISE, RETIRED_FROM, RETIRED_UNTIL = 3.0, 0.20, 0.35
"""Thirty idle pieces with nothing in between, or two users' words."""
WARNING_RETIRED_FROM = 0.10
"""A warning is retired once more speaks against it than made it one."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one outcome or one word of a user adds, in observations."""

    help: float = 0.0
    harm: float = 0.0
    noise: float = 0.0


@dataclass(frozen=True, slots=True)
class Posterior:
    """The masses as of a time; without one nothing was ever added."""

    help: float = 0.0
    harm: float = 0.0
    noise: float = 0.0
    at: datetime | None = None


def evidence_of(state: State, blame: float) -> Evidence:
    """What an outcome adds; `blame` says how far following caused a bad one. The unknown and the open add nothing."""
    match state:
        case advice_pb2.ADVICE_STATE_FOLLOWED_WORKED:
            return Evidence(help=1.0)
        case advice_pb2.ADVICE_STATE_FOLLOWED_FAILED | advice_pb2.ADVICE_STATE_REJECTED:
            return Evidence(harm=blame)
        case advice_pb2.ADVICE_STATE_IGNORED_FAILED:
            return Evidence(help=EARLIER_WOULD_HAVE_HELPED)
        case advice_pb2.ADVICE_STATE_IGNORED_FINE:
            return Evidence(noise=IDLE)
        case _:
            return Evidence()


def evidence_of_verdict(verdict: Verdict) -> Evidence:
    """What a user's word adds, beside the outcome."""
    match verdict:
        case advice_pb2.VERDICT_HELPFUL:
            return Evidence(help=USER_SAYS_HELPFUL)
        case advice_pb2.VERDICT_NOT_HELPFUL:
            return Evidence(harm=USER_SAYS_NOT_HELPFUL)
        case advice_pb2.VERDICT_TOO_NOISY:
            return Evidence(noise=USER_SAYS_TOO_NOISY)
        case _:
            return Evidence()


def learn(posterior: Posterior, evidence: Evidence, at: datetime, half_life: timedelta) -> Posterior:
    """The posterior with evidence of some time; that of an earlier time counts as faded since. Order is without
    effect."""
    return combined(posterior, evidence, at, half_life, 1.0)


def forget(posterior: Posterior, evidence: Evidence, at: datetime, half_life: timedelta) -> Posterior:
    """The posterior as if evidence of some time had never been added."""
    return combined(posterior, evidence, at, half_life, -1.0)


def combined(posterior: Posterior, added: Evidence, at: datetime, half_life: timedelta, sign: float) -> Posterior:
    """Both as of the later of their times."""
    now = at if posterior.at is None else max(at, posterior.at)
    old, factor = faded(posterior, now, half_life), sign * share_left(now - at, half_life)
    return Posterior(
        max(0.0, old.help + factor * added.help),
        max(0.0, old.harm + factor * added.harm),
        max(0.0, old.noise + factor * added.noise),
        now,
    )


def faded(posterior: Posterior, now: datetime, half_life: timedelta) -> Posterior:
    """The posterior as of a later time."""
    if posterior.at is None or now <= posterior.at:
        return posterior
    left = share_left(now - posterior.at, half_life)
    return Posterior(posterior.help * left, posterior.harm * left, posterior.noise * left, now)


def share_left(age: timedelta, half_life: timedelta) -> float:
    """What is left of evidence after some time."""
    return 0.5 ** (age / half_life)


def score_of(posterior: Posterior) -> float:
    """The effectiveness score: the mean of the Beta posterior, between 0 and 1."""
    for_it = PRIOR + posterior.help
    return for_it / (for_it + PRIOR + HARM_WEIGHT * posterior.harm + posterior.noise)


def stage_after(stage: Stage, posterior: Posterior, *, suggests: bool) -> Stage:
    """The stage that follows, at most one step away.

    What suggests nothing has nothing to be turned into a warning of, and is retired instead.
    """
    score = score_of(posterior)
    if stage == RETIRED:
        return CANDIDATE if score >= RETIRED_UNTIL else RETIRED
    if stage == WARNING:
        if score <= WARNING_RETIRED_FROM:
            return RETIRED
        return CANDIDATE if score >= WARNING_UNTIL else WARNING
    if posterior.harm >= WARNING_HARM and score <= WARNING_FROM:
        return WARNING if suggests else RETIRED
    if posterior.noise >= RETIRED_NOISE and score <= RETIRED_FROM:
        return RETIRED
    return grown(stage, posterior, score)


def grown(stage: Stage, posterior: Posterior, score: float) -> Stage:
    """The stage of advice that does no harm: up with help, down where the score is lost."""
    if stage == PROVEN:
        return PROVEN if score >= PROVEN_UNTIL else ESTABLISHED
    if stage == ESTABLISHED:
        if posterior.help >= PROVEN_HELP and score >= PROVEN_FROM:
            return PROVEN
        return ESTABLISHED if score >= ESTABLISHED_UNTIL else CANDIDATE
    return ESTABLISHED if posterior.help >= ESTABLISHED_HELP and score >= ESTABLISHED_FROM else CANDIDATE
