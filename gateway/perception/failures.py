"""What went wrong: one class and one salient part for the error text of any tool."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.perception.evidence import Table
from gateway.perception.programs import ASKERS
from gateway.perception.rule import Rule
from gateway.perception.rules_build import COMPILE_RULES, MODULE_RULES
from gateway.perception.rules_check import LINT_RULES, TEST_RULES
from gateway.perception.rules_command import GIT_RULES, PLACE_RULES, SYNTAX_RULES, WORDING_RULES
from gateway.perception.rules_machine import DEATH_RULES, LEFT_RULES, MACHINE_RULES, TRACEBACK
from gateway.perception.rules_tools import CALL_RULES, FILE_RULES, WEB_RULES
from gateway.perception.shell import segments
from gateway.perception.signatures import plain, signature
from gateway.perception.targets import SHELL_TOOLS

# Most telling first: what stops everything before its consequences, a tool's own format before a phrase that any
# program may print.
_SHELL = Table(
    SYNTAX_RULES,
    COMPILE_RULES,
    MODULE_RULES,
    TEST_RULES,
    LINT_RULES,
    GIT_RULES,
    WORDING_RULES,
    PLACE_RULES,
    MACHINE_RULES,
    DEATH_RULES,
    LEFT_RULES,
)
_CALL = Table(CALL_RULES)
_FILE = Table(CALL_RULES, FILE_RULES)
_WEB = Table(CALL_RULES, WEB_RULES)

HEAD = 1_536
TAIL = 3_584
"""Characters read of a long error: compilers say it first, test runners last."""

MAX_REASON = 500
"""Characters kept of what a user typed at a rejection."""

_CLIENT_HEAD = 400
_EXIT = re.compile(
    r"\s*(?:<tool_use_error>)?(?:[Ee]xit code:? |<returncode>|Process exited with (?:code|status) )(-?\d{1,10})"
)
_WRAPPING = re.compile(r"</?(?:tool_use_error|returncode|output|output_head|output_tail)>")
_REJECTED = re.compile(
    r"The user doesn't want to (?:proceed with this tool use\. The tool use was rejected|take this action right now)\b"
    r"|Permission for this tool use was denied\. The tool use was rejected\b"
    r"|exec command rejected by user\b"
)
# A client's own sentence is all that the call gives back: further on in a text anybody may have written it.
_REASON = re.compile(r"(?:[Tt]he user said|following reason for the rejection):\s*")
_NOT_TYPED = re.compile(r"\n+Note: The user's next message|\AThe user wants to clarify these questions")
_INTERRUPTED = "[Request interrupted by user"

# timeout(1), the shells and the kernel give these a fixed meaning.
_BY_STATUS = {
    124: "shell.timeout",
    126: "shell.permission_denied",
    127: "shell.command_not_found",
    130: "tool.interrupted",
}
_ASKING_GIT = frozenset({"diff", "grep", "merge-base", "config", "show-ref", "check-ignore"})
_NO_MISTAKE = frozenset({"shell.no_match", "shell.nothing_to_do", "tool.interrupted"})


@dataclass(frozen=True, slots=True)
class Failure:
    """A recognised failure: its class, and the salient part by which `the same again` is told ("" for none)."""

    code: str
    signature: str


def is_mistake(code: str) -> bool:
    """Whether a failure of this class is something to do otherwise: a search without a hit or a stopped call is not."""
    return code not in _NO_MISTAKE


def exit_code(error: str) -> int | None:
    """The exit status that stands at the head of a shell's error; None where there is none."""
    found = _EXIT.match(error)
    return int(found[1]) if found else None


def user_reason(error: str) -> str | None:
    """What the user typed when rejecting the call, at most `MAX_REASON` characters; "" for a rejection without a
    reason, None for any other error, also for one that has such a sentence further on."""
    if not _REJECTED.match(error):
        return None
    given = _REASON.search(error, 0, 2 * _CLIENT_HEAD)
    if given is None:
        return ""
    said = error[given.end() : given.end() + 4 * MAX_REASON]
    if closing := _NOT_TYPED.search(said):
        said = said[: closing.start()]
    return _WRAPPING.sub("", said).strip()[:MAX_REASON]


def classify(tool: str, error: str, command: str = "") -> Failure:
    """The class of a failed call of `tool` by its error text, of which at most `HEAD` + `TAIL` characters are read.

    `command`, the shell's command line where it is known, tells a search that found nothing from a program that
    failed in silence. It never raises.
    """
    status = exit_code(error)
    text = _body(error, status)
    if _INTERRUPTED in text[:_CLIENT_HEAD]:
        return Failure("tool.interrupted", "")
    if status is not None:
        return _of_shell(text, status, command)
    reason = user_reason(error)
    if reason is not None:
        return Failure("tool.rejected_by_user", signature(reason))
    if tool in SHELL_TOOLS:
        return _found(_CALL.first_match(text[:_CLIENT_HEAD]), text) or _of_shell(text, status, command)
    return _of_tool(tool, text)


def _body(error: str, status: int | None) -> str:
    text = error if len(error) <= HEAD + TAIL else f"{error[:HEAD]}\n{error[-TAIL:]}"
    if status is not None and (head := _EXIT.match(text)):
        text = text[head.end() :]
    if "<" in text[:_CLIENT_HEAD]:
        text = _WRAPPING.sub("", text)
    return plain(text).strip()


def _of_tool(tool: str, text: str) -> Failure:
    if tool.startswith("mcp__"):
        rules, otherwise = _CALL, "mcp.error"
    else:
        rules, otherwise = (_WEB if tool.lower().startswith("web") else _FILE), "tool.other"
    return _found(rules.first_match(text[:_CLIENT_HEAD]), text) or Failure(otherwise, signature(_first_line(text)))


def _of_shell(text: str, status: int | None, command: str) -> Failure:
    found = _found(_SHELL.first_match(text), text) if text else None
    if found is not None:
        return found
    if status in _BY_STATUS:
        return Failure(_BY_STATUS[status], "")
    if status == 1 and (_asks(command) if command else not text):
        return Failure("shell.no_match", "")
    return Failure("shell.exit_code", signature(_first_line(text)))


def _found(match: tuple[Rule, str] | None, text: str) -> Failure | None:
    if match is None:
        return None
    rule, salient = match
    return Failure(rule.code, signature(_raised(text) if salient.startswith(TRACEBACK) else salient))


def _raised(text: str) -> str:
    """The exception at the end of the last Python stack: the first line behind it that is not indented."""
    stack = text[text.rfind(TRACEBACK) :].split("\n")[1:]
    return next((line for line in stack if line and not line[0].isspace()), "")


def _asks(command: str) -> bool:
    found = segments(command)
    if not found:
        return False
    last = found[-1]
    return last.program in ASKERS or (last.program == "git" and last.subcommand in _ASKING_GIT)


def _first_line(text: str) -> str:
    return next((line for line in text[: 4 * _CLIENT_HEAD].split("\n") if line.strip()), "")
