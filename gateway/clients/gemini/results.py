"""How a call of Gemini CLI came back, which no hook says plainly (as written by Gemini CLI 0.61.0)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from signal import Signals
from typing import Final

from gateway.clients.fields import Payload, mapping, text_in
from gateway.clients.hook_sightings import INTERRUPTED

SHELL: Final = "run_shell_command"
ENVELOPE = ("<untrusted_context>", "</untrusted_context>")
END = re.compile(
    r"(?:\nExit Code: (?P<code>\d+))?(?:\nSignal: (?P<signal>[^\n]*))?"
    r"(?:\nBackground PIDs: [^\n]*)?(?:\nProcess Group PGID: \d+)?\Z"
)
"""What the client writes behind what a command printed, in its order."""
CANCELLED = "Command was cancelled by user before it could complete."
TIMED_OUT = "Command was automatically cancelled because it exceeded the timeout"
BACKGROUND = "Command moved to background"
TIMEOUT_CODE: Final = 124
"""As timeout(1) has it."""
KILLED: Final = 128
"""Shells add a signal's number to it."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a call came back: well, unless there is a code or an error."""

    code: int | None = 0
    """A command's exit code; None where nobody knows it."""
    error: str = ""
    """What a failed command printed, or the tool's own error."""
    of_tool: bool = False
    """Whether the tool itself failed: the agent reads its error in place of a result."""

    @property
    def failed(self) -> bool:
        """Whether it did not come back well."""
        return bool(self.code or self.error)


def result_of(tool: str, response: Payload) -> Result:
    """How a call came back. `tool` is the client's own name of it: what other tools returned is never looked at."""
    message = text_in(mapping(response, "error"), "message")
    if message:
        return Result(error=message, of_tool=True)
    printed = response.get("llmContent")
    if tool != SHELL or not isinstance(printed, str):
        return Result()
    return command_result(printed, text_in(response, "returnDisplay"))


def command_result(printed: str, shown: str) -> Result:
    """How a command ended, from what the model reads of it. `shown` is what the user saw: mostly what was printed,
    which tells the client's own lines from lines of the command that look like them."""
    body = printed.strip().removeprefix(ENVELOPE[0]).removesuffix(ENVELOPE[1]).strip()
    if body.startswith(CANCELLED):
        return Result(error=INTERRUPTED)
    if body.startswith(TIMED_OUT):
        return Result(TIMEOUT_CODE, body)
    if body.startswith(BACKGROUND):
        return Result(None)
    output = f"Output: {shown.strip()}"
    end = END.fullmatch(body, len(output)) if shown and body.startswith(output) else None
    end = end or END.search(body)
    code = exit_code(end)
    return Result(code, body[: end.start()].removeprefix("Output: ") if end and code else "")


def exit_code(end: re.Match[str] | None) -> int:
    """The code that the client's lines tell, or that a shell would give to the signal in them."""
    if end is None:
        return 0
    if end["code"]:
        return min(int(end["code"][:9]), 2**31 - 1)
    return KILLED + signal_number(end["signal"]) if end["signal"] else 0


def signal_number(name: str) -> int:
    """A signal's number, by its number or its name; 0 for one that is not known."""
    if name.isascii() and name.isdigit():
        return int(name[:2])
    return Signals[name] if name in Signals.__members__ else 0
