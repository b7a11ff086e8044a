"""The words of advice that turned out wrong. Pure."""

from __future__ import annotations

from services.packets.effectiveness import WARNING, Stage

TURNED_ROUND = "What was advised here before did not work: "


def worded(text: str, stage: Stage) -> str:
    """The text of a packet at its stage: harmful advice is told as what not to expect of it."""
    return TURNED_ROUND + text if stage == WARNING else text
