"""What can be set about advice, by the names of the original system where it had one."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.settings import AnySetting, Setting, Settings

ENGINE = Setting("advisory.engine", "SPARK_ADVISORY_ENGINE", True, "Decide at all")
EMIT = Setting("advisory.emit", "SPARK_ADVISORY_EMIT", True, "Say what was decided; 0 decides and stays silent")
MAX_CHARS = Setting("advisory.max_chars", "SPARK_ADVISORY_MAX_CHARS", 500, "Longest advice, characters", 80, 4000)
MAX_ITEMS = Setting("advisory.max_items", "SPARK_ADVISORY_MAX_ITEMS", 2, "Pieces of advice at one moment", 1, 8)
COOLDOWN_S = Setting(
    "advisory.cooldown_s", "SPARK_ADVISORY_COOLDOWN_S", 10.0, "Pause between advice about one tool, seconds", 0, 3600
)
SHOWN_TTL_S = Setting(
    "advisory.shown_ttl_s",
    "SPARK_ADVISORY_SHOWN_TTL_S",
    600.0,
    "Pause before the same is said again, seconds",
    0,
    86400,
)
FORECAST_TTL_S = Setting(
    "advisory.forecast_ttl_s",
    "SPARK_ADVISORY_FORECAST_TTL_S",
    120.0,
    "Pause before what may fail next is said again while nothing new has happened, seconds",
    0,
    86400,
)
REFUSE = Setting(
    "advisory.refuse",
    "SPARK_ADVISORY_REFUSE",
    False,
    "Stop a call once that has failed in the same way three times and never worked since, and say why",
)
SESSION_BUDGET = Setting(
    "advisory.session_budget", "SPARK_ADVISORY_SESSION_BUDGET", 40, "Pieces of advice in one session", 1, 1000
)
BASELINE = Setting(
    "advisory.baseline", "SPARK_ADVISORY_BASELINE", False, "Also say general tips not learnt in this project"
)
CONTROL_SHARE = Setting(
    "advisory.control_share",
    "SPARK_ADVISORY_CONTROL_SHARE",
    0.0,
    "Share of sessions whose advice is decided and withheld, to compare with",
    0,
    0.9,
)
EXPERIMENT = Setting(
    "advisory.experiment", "SPARK_ADVISORY_EXPERIMENT", "1", "Name of the comparison; another name draws anew"
)
INCLUDE_MIND = Setting(
    "advisory.include_mind",
    "SPARK_ADVISORY_INCLUDE_MIND",
    False,
    "Also say what the user said about it in a conversation with Spark, on prompts and at failures",
)
MIND_SESSION = Setting(
    "advisory.mind_session",
    "SPARK_ADVISORY_MIND_SESSION",
    "terminal",
    "The conversation that is recalled from; `spark chat` has this one where it is not told another",
)
LIVE_NEEDS_S = Setting(
    "advisory.live_needs_s",
    "SPARK_ADVISORY_LIVE_NEEDS_S",
    1.8,
    "Time of a hook that must be left for a model to be asked, seconds; a hook has advisory.max_ms in all",
    0.05,
    4,
)
SETTINGS: tuple[AnySetting, ...] = (
    ENGINE,
    EMIT,
    MAX_CHARS,
    MAX_ITEMS,
    COOLDOWN_S,
    SHOWN_TTL_S,
    FORECAST_TTL_S,
    SESSION_BUDGET,
    REFUSE,
    BASELINE,
    CONTROL_SHARE,
    EXPERIMENT,
    INCLUDE_MIND,
    MIND_SESSION,
    LIVE_NEEDS_S,
)


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings as the router uses them."""

    engine: bool = True
    emit: bool = True
    max_chars: int = 500
    max_items: int = 2
    cooldown_s: float = 10.0
    shown_ttl_s: float = 600.0
    forecast_ttl_s: float = 120.0
    session_budget: int = 40
    refuse: bool = False
    baseline: bool = False
    control_share: float = 0.0
    """Share of sessions in the control arm; 0 is no experiment."""
    experiment: str = "1"


def policy_from(settings: Settings) -> Policy:
    """The policy that the settings ask for."""
    return Policy(
        engine=settings[ENGINE],
        emit=settings[EMIT],
        max_chars=settings[MAX_CHARS],
        max_items=settings[MAX_ITEMS],
        cooldown_s=settings[COOLDOWN_S],
        shown_ttl_s=settings[SHOWN_TTL_S],
        forecast_ttl_s=settings[FORECAST_TTL_S],
        session_budget=settings[SESSION_BUDGET],
        refuse=settings[REFUSE],
        baseline=settings[BASELINE],
        control_share=settings[CONTROL_SHARE],
        experiment=settings[EXPERIMENT],
    )
