"""The words of a forecast: what a project has seen of a group of calls, never what will be. Pure."""

from __future__ import annotations

from chassis.quotation import code, quote
from services.prefetch.failure_forecast import GroupHistory
from services.prefetch.model import EDITS

NAME_CHARS = 60
FIX_CHARS = 120
SIGNATURE_CHARS = 70
CLASSES_NAMED = 4
SHARE_NAMED = 0.05
"""A way of failing that makes up less of the failures than this is not named."""
NAMES_AT_MOST = 6
CODE_FAMILIES = frozenset({"test", "build", "lint"})
"""Of these "failed" alone would not say what did."""


def of_forecast(group: str, history: GroupHistory, *, session_id: str = "", failed_here: int = 0) -> str:
    """What is told before a group of calls is made that may fail; `failed_here` counts its failures in the session."""
    tool, _, target_class = group.partition("|")
    name = code(target_class if tool == "Bash" and target_class else tool, NAME_CHARS)
    on = f" of {code(target_class, NAME_CHARS)} files" if tool != "Bash" and target_class else ""
    runs, failures = round(max(history.runs, history.failures)), round(history.failures)
    ways = ", ".join(spoken(name) for name in ways_of(history)[:CLASSES_NAMED])
    last = f", last {quote(history.signature, SIGNATURE_CHARS)}" if history.signature else ""
    often = f", {failed_here} of them in this session" if failed_here else ""
    text = f"{name}{on} failed {failures} of {runs} times here{often} ({ways}{last})."
    # Of an edit only the text that it put in is known, which says nothing of the next one.
    if not history.fix or tool in EDITS:
        return text
    where = " in this session" if session_id and history.fix_session == session_id else ""
    return f"{text} What worked after that{where}: {code(history.fix, FIX_CHARS)}."


def ways_of(history: GroupHistory) -> list[str]:
    """The classes of failure of a group that are worth naming, commonest first."""
    total = sum(history.classes.values()) or 1.0
    ranked = sorted(history.classes, key=lambda name: (-history.classes[name], name))
    return [name for name in ranked if history.classes[name] >= SHARE_NAMED * total][:NAMES_AT_MOST]


def spoken(failure_class: str) -> str:
    """A class of failure as a person says it."""
    family, _, name = failure_class.partition(".")
    words = name.replace("_", " ") or "it failed"
    return f"{family} {words}" if family in CODE_FAMILIES else words
