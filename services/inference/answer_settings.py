"""What can be set about answers, wording and spend."""

from __future__ import annotations

from chassis.settings import AnySetting, Setting

BUDGET_USD = Setting(
    "inference.daily_budget_usd",
    "SPARK_INFERENCE_DAILY_BUDGET_USD",
    0.5,
    "What hosted engines may cost on a day of UTC, US dollars",
    0,
    10_000,
)
PRICES = Setting(
    "inference.prices",
    "SPARK_INFERENCE_PRICES",
    "",
    "Prices of hosted models, model=read/written by comma, US dollars for a million tokens; goes before the list in "
    "services/inference/prices.py",
)
GATE = Setting(
    "chat.confidence_gate",
    "SPARK_CHAT_CONFIDENCE_GATE",
    0.65,
    "Confidence below which the council is asked; 0 never asks it",
    0,
    1,
)
CHAT_TIMEOUT_S = Setting(
    "chat.timeout_s", "SPARK_CHAT_TIMEOUT_S", 20.0, "Longest time of an answer, council included, seconds", 0.5, 300
)
CHAT_TOKENS = Setting("chat.max_tokens", "SPARK_CHAT_MAX_TOKENS", 160, "Output tokens of each voice", 16, 4096)
AGENT_0_ENGINE = Setting(
    "chat.agent_0_engine", "SPARK_CHAT_AGENT_0_ENGINE", "", "Engine that answers first; empty takes the preferred one"
)
SPECIALISTS = Setting(
    "chat.specialists",
    "SPARK_CHAT_SPECIALISTS",
    "reasoning,code,logic,knowledge",
    "Voices of the council by comma, each with its own engine where it is to have one, as code=openai",
)
SYNTH_MODE = Setting(
    "synthesizer.mode",
    "SPARK_SYNTH_MODE",
    "programmatic",
    "Who words advice that is asked of inference: nobody, a model where one is ready, or a model alone",
    choices=("programmatic", "auto", "ai_only"),
)
SYNTH_TIMEOUT_S = Setting(
    "synthesizer.ai_timeout_s", "SPARK_SYNTH_TIMEOUT", 1.8, "Time for wording by a model, seconds", 0.2, 10
)
SYNTH_CHARS = 500
"""Longest text of advice where a request does not say, characters; as `advisory.max_chars`."""
CACHE_SECONDS = 120.0
CACHE_ENTRIES = 50
"""Seconds and entries for which words for the same facts are kept: those of the original system."""

SETTINGS: tuple[AnySetting, ...] = (
    BUDGET_USD,
    PRICES,
    GATE,
    CHAT_TIMEOUT_S,
    CHAT_TOKENS,
    AGENT_0_ENGINE,
    SPECIALISTS,
    SYNTH_MODE,
    SYNTH_TIMEOUT_S,
)
