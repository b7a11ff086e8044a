"""What a prompt's intent makes likely before anything is known of a project.

Shares of tools by intent are those of the original system (seed 000); what is learnt outweighs them within a few calls.
"""

from __future__ import annotations

OTHERS = {"Read": 0.65, "Edit": 0.55, "Bash": 0.5}

TOOLS_BY_INTENT: dict[int, dict[str, float]] = {
    1: {"Read": 0.85, "Edit": 0.82, "Bash": 0.68},
    2: {"Bash": 0.92, "Read": 0.65, "Edit": 0.45},
    3: {"Bash": 0.9, "Read": 0.7, "Edit": 0.6},
    4: {"Read": 0.84, "Edit": 0.74, "Grep": 0.7},
    5: {"Bash": 0.8, "Read": 0.74, "Edit": 0.62},
    6: {"Read": 0.75, "Edit": 0.72, "Bash": 0.55},
    7: {"Read": 0.92, "Grep": 0.82, "Edit": 0.4},
    10: {"Task": 0.88, "Bash": 0.8, "Read": 0.58},
}
"""By the number of spark.moment.v1.IntentFamily."""

UNKNOWN_CLASS = 0.2
"""Share of a tool's prior that one class of targets gets while none is known."""
UNLIKELY = 0.01


def prior_of(group: str, intent: int) -> float:
    """Probability that a group of calls comes next, from the intent of the prompt alone."""
    tools = TOOLS_BY_INTENT.get(intent, OTHERS)
    share = tools.get(group.partition("|")[0])
    return UNLIKELY if share is None else UNKNOWN_CLASS * share / sum(tools.values())
