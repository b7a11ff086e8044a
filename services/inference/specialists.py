"""The voices of the council. Pure."""

from __future__ import annotations

from dataclasses import dataclass

AGENT_0 = "agent_0"
PART_OF_AGENT_0 = "You answer questions of a software engineer."

PARTS = {
    "reasoning": "You are one voice of a council. Think of what follows from what, step by step, before you judge.",
    "code": "You are one voice of a council. Judge as a programmer: what would really happen if this were run.",
    "logic": "You are one voice of a council. Look for contradictions, missing premises and what cannot be undone.",
    "knowledge": "You are one voice of a council. Rely on established facts, and say when you do not know.",
}


class BadSpecialists(ValueError):
    """The setting of specialists cannot be read."""


@dataclass(frozen=True, slots=True)
class Specialist:
    """A voice: its name, the part that it plays, and its own engine; an empty one is the preferred."""

    name: str
    part: str
    engine: str = ""


def read_specialists(listed: str) -> tuple[Specialist, ...]:
    """The voices from their setting, `name` or `name=engine` with commas between; an empty one has none.

    Raises:
        BadSpecialists: when one is not known, or named twice.
    """
    found: dict[str, Specialist] = {}
    for entry in filter(None, (part.strip() for part in listed.split(","))):
        name, _, engine = (part.strip() for part in entry.partition("="))
        if name not in PARTS or name in found:
            raise BadSpecialists(f"chat.specialists: {entry!r}: expected each of {', '.join(PARTS)} once at most")
        found[name] = Specialist(name, PARTS[name], engine)
    return tuple(found.values())
