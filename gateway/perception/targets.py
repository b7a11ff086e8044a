"""The identity of a call: what it works on, worded the same in every session and on every machine."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.perception.purposes import Purpose, purpose_of
from gateway.perception.shell import Segment, principal
from gateway.perception.words import prompt_tokens, target_tokens

__all__ = ["MAX_TARGET", "SHELL_TOOLS", "CallKey", "Purpose", "call_key", "prompt_tokens"]

MAX_TARGET = 400
"""Characters of a target: longer commands are told apart by their beginning."""

SHELL_TOOLS = frozenset(
    {"Bash", "bash", "Shell", "shell", "local_shell", "exec_command", "run_shell_command", "PowerShell"}
)
"""Names under which agents call a shell."""

_FILE_TOOLS = frozenset(
    {"Read", "Edit", "MultiEdit", "Write", "NotebookEdit", "NotebookRead", "read_file", "write_file"}
)
_SEARCH_TOOLS = frozenset({"Grep", "Glob", "grep_search", "glob", "search_file_content"})
_PATH_FIELDS = ("file_path", "notebook_path", "path", "absolute_path")
_HOME = re.compile(r"^(?:/home/[^/]+|/Users/[^/]+|/root)(?=/|$)")
_DRIVE = re.compile(r"^[A-Za-z]:[\\/]")
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://")
_BEHIND_PATH = frozenset(" /\t\n\"'`;:,)|&=")


@dataclass(frozen=True, slots=True)
class CallKey:
    """The stable keys of a call.

    `target` is its exact identity, at most `MAX_TARGET` characters; `target_class` what it shares with its like (a
    shell program with its sub-command, a path's extension, "" for the tool alone); `directory` where a shell command
    runs, relative to the root and "" for the root itself; `tokens` the words to look it up by; `conclusive` whether a
    success of the call is one of what the target names.
    """

    target: str
    target_class: str
    program: str
    purpose: Purpose
    directory: str
    tokens: tuple[str, ...]
    conclusive: bool = True


def call_key(tool: str, tool_input: Mapping[str, object], root: str = "") -> CallKey:
    """The keys of a call of `tool`; `root` is the absolute path of the project. Unknown tools and odd inputs have
    an empty target; it never raises."""
    root = root.rstrip("/") if root != "/" else ""
    if tool in SHELL_TOOLS:
        return _shell_key(_command(tool_input), root, tool_input.get("run_in_background") is not True)
    if tool in _FILE_TOOLS:
        path = _relative(_first_text(tool_input, _PATH_FIELDS), root)
        return _plain(path, _extension(path))
    if tool in _SEARCH_TOOLS:
        pattern = " ".join(_first_text(tool_input, ("pattern",)).split())
        path = _relative(_first_text(tool_input, ("path",)), root)
        return _plain(f"{pattern} {path}".strip(), _extension(path) if posixpath.splitext(path)[1] else "")
    if tool.startswith("mcp__"):
        return _plain(tool, "")
    if tool in ("Task", "Agent"):
        return _plain(_first_text(tool_input, ("subagent_type",)), "")
    if tool in ("WebFetch", "web_fetch"):
        return _plain(_host(_first_text(tool_input, ("url",))), "")
    return _plain("", "")


def _shell_key(command: str, root: str, awaited: bool) -> CallKey:
    segment = principal(command)
    if segment is None or not segment.program:
        return _plain(_rooted(" ".join(command[:MAX_TARGET].split()), root), "")
    target = " ".join(_rooted(segment.text[: 2 * MAX_TARGET], root).split())[:MAX_TARGET]
    return CallKey(
        target=target,
        target_class=f"{segment.program} {segment.subcommand}"[:80] if segment.subcommand else segment.program[:80],
        program=segment.program[:80],
        purpose=purpose_of(segment),
        directory=_directory(segment, root),
        tokens=target_tokens(target),
        conclusive=awaited and segment.conclusive,
    )


def _plain(target: str, target_class: str) -> CallKey:
    target = target[:MAX_TARGET].rstrip()
    return CallKey(target, target_class[:80], "", Purpose.OTHER, "", target_tokens(target))


def _command(tool_input: Mapping[str, object]) -> str:
    command = tool_input.get("command") or tool_input.get("cmd")
    if isinstance(command, str):
        return command
    if isinstance(command, list | tuple):
        parts: list[str] = [part for part in command if isinstance(part, str)]  # pyright: ignore[reportUnknownVariableType]
        # ["bash", "-lc", SCRIPT] is how agents without a shell tool of their own call one.
        return parts[2] if len(parts) == 3 and parts[1] in ("-c", "-lc", "-Command") else " ".join(parts)
    return ""


def _first_text(tool_input: Mapping[str, object], names: tuple[str, ...]) -> str:
    for name in names:
        value = tool_input.get(name)
        if isinstance(value, str) and value:
            return value[: 4 * MAX_TARGET]
    return ""


def _relative(path: str, root: str) -> str:
    if not path:
        return ""
    if _DRIVE.match(path):
        path = path.replace("\\", "/")
    if root and path.startswith(root) and path[len(root) : len(root) + 1] in ("", "/"):
        path = path[len(root) + 1 :] or "."
    path = posixpath.normpath(path)
    return _HOME.sub("~", path) if path.startswith("/") else path


def _rooted(text: str, root: str) -> str:
    if not root or root not in text:
        return text
    pieces = text.split(root)
    out = [pieces[0]]
    for piece in pieces[1:]:
        out.append("." if not piece or piece[0] in _BEHIND_PATH else root)
        out.append(piece)
    return "".join(out)


def _directory(segment: Segment, root: str) -> str:
    if not segment.directory:
        return ""
    directory = _relative(segment.directory[:MAX_TARGET], root)
    return "" if directory == "." else directory


def _extension(path: str) -> str:
    name = path.rpartition("/")[2]
    return posixpath.splitext(name)[1].lower() or name


def _host(url: str) -> str:
    rest = _SCHEME.sub("", url.strip().lower())
    host = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    return host.partition(":")[0]
