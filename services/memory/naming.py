"""Identities of lessons: the same thing learnt again updates the same lesson."""

from __future__ import annotations

from chassis.identifiers import digest
from services.memory.classes import NAMED_BY_SIGNATURE
from services.memory.model import Call, Place


def failure_id(place: Place, call: Call, failure_class: str, signature: str) -> str:
    """Identity of a failure: what the error names where it names it, else the call's target and class."""
    owner = (place.workspace_id, place.project_id, "failure", call.tool, failure_class)
    if failure_class in NAMED_BY_SIGNATURE and signature:
        scope = "" if failure_class in {"shell.command_not_found", "shell.missing_tool"} else call.target_class
        return digest(*owner, scope, signature)
    return digest(*owner, call.target, "")


def rejection_id(place: Place, call: Call, reason: str) -> str:
    """Identity of a refusal: what was refused and what the user said."""
    said = " ".join(reason.lower().split())
    what = call.target_class if call.tool == "Bash" else call.target
    return digest(place.workspace_id, place.project_id, "rejection", call.tool, what, said)


def fact_id(place: Place, call: Call) -> str:
    """Identity of a command that works here."""
    return digest(place.workspace_id, place.project_id, "fact", call.purpose.value, call.target)
