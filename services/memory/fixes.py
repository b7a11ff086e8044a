"""Which later success was the fix of an earlier failure, and what was different about it. Pure."""

from __future__ import annotations

import posixpath
import re
from difflib import get_close_matches

from services.memory.classes import READ_BEFORE, Cause, cause_of
from services.memory.model import EDITS, SHELLS, Call, Fix, FixKind, OpenFailure, Purpose

REACH = 15
"""Calls after a failure within which a success can be its fix; in recordings the median distance is 3, and pairs
further apart than 15 were no longer about the same thing."""

ALIKE = 0.5
"""Share of words that two commands must have in common to be attempts at the same thing."""

ALIKE_SAME_PROGRAM = 0.34
"""The same for two calls of one program with one sub-command."""

LOOKING = frozenset(
    {"ls", "find", "grep", "rg", "ag", "fd", "cat", "head", "tail", "which", "tree", "stat", "wc", "echo"}
)
"""Programs that look around: that one of them found something does not mend what failed."""

BARE_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*$")

KEPT = 0.6
"""Share of the failed call's things (files, names, numbers) that its correction must still be about."""

NAME_PART = re.compile(r"[a-z0-9]+")

WORD = re.compile(r"[A-Za-z0-9_./:@-]*[A-Za-z0-9_][A-Za-z0-9_./:@-]*")


def find_fix(failure: OpenFailure, success: Call) -> Fix | None:
    """The fix that a success is for a failure; None when it is none, or teaches nothing."""
    failed = failure.call
    if not failed.named or not success.named:
        return None
    if success.tool in EDITS and failed.tool in EDITS:
        return fix_of_edit(failure, success)
    if success.tool != failed.tool:
        return None
    if failed.tool in SHELLS:
        return fix_of_command(failure, success)
    return fix_of_path(failure, success)


def resolves(failure: OpenFailure, success: Call) -> bool:
    """Whether a success ends a failure, with or without a lesson: the same call, or an edit of the same file."""
    failed = failure.call
    if success.digest and success.digest == failed.digest:
        return True
    same_tool = success.tool == failed.tool or (success.tool in EDITS and failed.tool in EDITS)
    return same_tool and failed.named and (success.target, success.directory) == (failed.target, failed.directory)


def fix_of_edit(failure: OpenFailure, success: Call) -> Fix | None:
    """An edit of the same file that worked."""
    if success.target != failure.call.target:
        return None
    read_between = any(step.tool == "Read" and step.target == failure.call.target for step in failure.steps)
    if failure.failure_class in READ_BEFORE and read_between:
        return Fix(FixKind.READ_FIRST, success.target)
    # That another text could be replaced says nothing about how to do better.
    return None


def fix_of_command(failure: OpenFailure, success: Call) -> Fix | None:
    """A command that worked where another, or the same, had failed."""
    failed, cause = failure.call, cause_of(failure.failure_class)
    edited = any(step.tool in EDITS for step in failure.steps)
    if success.target == failed.target and success.directory == failed.directory:
        return fix_by_step(failure, success, edited=edited)
    if cause is Cause.CODE and edited:
        return None
    if success.target == failed.target:
        return Fix(FixKind.OTHER_DIRECTORY, success.target, (success.directory,)) if success.directory else None
    if cause is Cause.CODE and not adds_to(failed, success):
        return None
    if mends_word(failure, success):
        return Fix(FixKind.OTHER_COMMAND, success.target)
    if names_failing_thing(failure, success) or not same_errand(failure, success):
        return None
    common = likeness(failed.target, success.target)
    if success.target_class == failed.target_class:
        like = common >= ALIKE_SAME_PROGRAM and (cause is Cause.SURROUNDINGS or keeps_things(failed, success))
        return Fix(FixKind.CHANGED_ARGUMENTS, success.target) if like else None
    if success.program in LOOKING:
        return None
    if wraps(failed, success) or (common >= ALIKE and cause is Cause.SURROUNDINGS):
        return Fix(FixKind.OTHER_COMMAND, success.target)
    return None


def fix_by_step(failure: OpenFailure, success: Call, *, edited: bool) -> Fix | None:
    """The same command worked after something was installed or prepared in between."""
    cause = cause_of(failure.failure_class)
    steps = [step.target for step in failure.steps if step.purpose is Purpose.INSTALL and step.target]
    if not steps and cause is Cause.SURROUNDINGS and not edited:
        steps = [step.target for step in failure.steps if prepares(step, failure)]
    if not steps or (cause is Cause.CODE and edited):
        return None
    return Fix(FixKind.STEP_BEFORE, success.target, tuple(steps[-2:]))


def prepares(step: Call, failure: OpenFailure) -> bool:
    """Whether a command between names the very thing that was missing, or builds where something built was."""
    if step.tool not in SHELLS or not failure.signature:
        return False
    if step.purpose is Purpose.BUILD and is_file(failure):
        return True
    missing = {word for word in words(failure.signature) if len(word) > 2}
    return bool(missing & words(step.target)) and step.target != failure.call.target


def is_file(failure: OpenFailure) -> bool:
    """Whether what was missing is a file, such as a build leaves behind; a module of others has no path."""
    module = failure.failure_class == "shell.missing_module" and "/" in failure.signature
    return module or failure.failure_class == "shell.no_such_path"


def fix_of_path(failure: OpenFailure, success: Call) -> Fix | None:
    """A file found at another path or read in another way, or something else found under another name."""
    failed = failure.call
    if failure.failure_class == "tool.unknown_name" and failure.signature == failed.target:
        shared = parts(success.target) & parts(failed.target)
        return Fix(FixKind.OTHER_COMMAND, success.target) if shared and success.target != failed.target else None
    if failure.failure_class == "path.not_exist":
        moved = posixpath.basename(success.target) == posixpath.basename(failed.target)
        return Fix(FixKind.OTHER_PATH, success.target) if moved and success.target != failed.target else None
    changed = success.target == failed.target and success.digest != failed.digest
    return Fix(FixKind.CHANGED_ARGUMENTS, success.command or success.target) if changed else None


def names_failing_thing(failure: OpenFailure, success: Call) -> bool:
    """Whether a success still has the flag that the failure named: then it was not the flag's absence that helped."""
    if failure.failure_class != "shell.bad_flag":
        return False
    flags = set(re.findall(r"-{1,2}[A-Za-z][\w-]*", failure.signature))
    return bool(flags & set(success.target.split()))


def wraps(failed: Call, success: Call) -> bool:
    """Whether a success runs the failed program through another one, on the same things; flags may differ."""
    things = {word for word in failed.target.split() if not word.startswith("-")}
    return bool(failed.program) and success.program != failed.program and things <= words(success.target)


def same_errand(failure: OpenFailure, success: Call) -> bool:
    """Whether two calls of one program set out to do the same: its first word, where it has one, is the same.

    Where that very word was refused, another one is the fix. A program that looks around does the same only when it
    looks for the same thing.
    """
    failed = failure.call
    if success.program != failed.program:
        return True
    if failed.program in LOOKING and failure.failure_class == "shell.no_such_path":
        return bool({posixpath.basename(word) for word in words(failure.signature)} & words(success.target))
    if failure.failure_class == "shell.unknown_subcommand":
        return True
    first, second = errand(failed), errand(success)
    return not first or not second or first == second


def mends_word(failure: OpenFailure, success: Call) -> bool:
    """Whether the error names the word itself, and another one worked: for the same purpose, or spelt much alike."""
    failed, first, second = failure.call, errand(failure.call), errand(success)
    if success.program != failed.program or not first or not second or first == second:
        return False
    if failure.failure_class != "shell.unknown_subcommand" and failure.signature != first:
        return False
    same_purpose = failed.purpose is not Purpose.NONE and success.purpose is failed.purpose
    return same_purpose or bool(get_close_matches(first, [second]))


def errand(call: Call) -> str:
    """The first bare word after a program: what it is asked to do; empty where it is asked by flags or paths."""
    rest = call.target.split()
    names = [posixpath.basename(word) for word in rest]
    after = names.index(call.program) + 1 if call.program in names else 0
    return rest[after] if after < len(rest) and BARE_WORD.match(rest[after]) else ""


def adds_to(failed: Call, success: Call) -> bool:
    """Whether a success is the failed command with something put before or behind it."""
    return words(failed.target) < words(success.target)


def keeps_things(failed: Call, success: Call) -> bool:
    """Whether a success is about the things that the failed call was about; program and flags are none."""
    things = {word for word in failed.target.split() if not word.startswith("-")} - set(failed.target_class.split())
    return len(things & set(success.target.split())) >= KEPT * len(things)


def likeness(left: str, right: str) -> float:
    """Share of words that two commands have in common (Jaccard index), 0 to 1."""
    first, second = words(left), words(right)
    union = first | second
    return len(first & second) / len(union) if union else 0.0


def parts(name: str) -> set[str]:
    """The parts of a name: `code-reviewer` is one of `reviewer`."""
    return set(NAME_PART.findall(name.lower()))


def words(text: str) -> set[str]:
    """The words of a command; a path counts as its whole and as its last part."""
    found = set(WORD.findall(text))
    return found | {posixpath.basename(word) for word in found if "/" in word and posixpath.basename(word)}
