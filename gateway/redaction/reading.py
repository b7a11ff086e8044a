"""How the texts of a tool call are to be read, judged by the files that the call names."""

import re
from collections.abc import Mapping
from typing import cast

from gateway.redaction.spans import Reading

# Key files too: a window of one shows neither end of the key.
_DOTENV_FILE = re.compile(
    r"(?i)\.env.*|.+\.env|id_(?:rsa|dsa|ecdsa|ed25519).*|.+\.(?:pem|key|ppk)|\.netrc|\.pgpass", re.DOTALL
)
_CONFIGURATION_FILE = re.compile(
    r"(?i).+\.(?:ya?ml|ini|cfg|conf|cnf|properties|toml|tfvars)|\.(?:npmrc|pypirc|my\.cnf)|credentials", re.DOTALL
)
_DOTENV_IN_COMMAND = re.compile(r"(?i)(?:^|[\s/\\\"'=<>(:@,{])\.env[\w.*-]*(?=$|[\s\"';|&)<>:,}])")
_COMMAND_FIELDS = frozenset(("command", "cmd", "script", "pattern", "glob"))


def may_hold_secrets(tool_input: Mapping[str, object]) -> bool:
    """Whether a call works on a file of secrets or settings, whose values nobody can tell from other words."""
    return reading_of({"tool_input": tool_input}) != Reading.ORDINARY


def reading_of(call: Mapping[str, object]) -> Reading:
    """The strictest reading that a tool call's input or response asks for, by file names and command lines."""
    readings = [Reading.ORDINARY]
    for part in (call.get("tool_input"), call.get("tool_response")):
        if isinstance(part, dict):
            fields = cast("dict[str, object]", part)
            readings += (_reading_of_field(name, value) for name, value in fields.items())
            if isinstance(file := fields.get("file"), dict):
                readings += (_reading_of_field(*field) for field in cast("dict[str, object]", file).items())
    return max(readings)


def _reading_of_field(name: str, value: object) -> Reading:
    if isinstance(value, list):
        texts = [item for item in cast("list[object]", value) if isinstance(item, str)]
        return max((_reading_of_field(name, text) for text in texts), default=Reading.ORDINARY)
    if not isinstance(value, str):
        return Reading.ORDINARY
    lowered = name.lower()
    if lowered in _COMMAND_FIELDS and ".env" in value.lower() and _DOTENV_IN_COMMAND.search(value):
        return Reading.DOTENV
    if lowered.endswith(("path", "file", "glob")):
        file_name = value.replace("\\", "/").rpartition("/")[2]
        if _DOTENV_FILE.fullmatch(file_name):
            return Reading.DOTENV
        if _CONFIGURATION_FILE.fullmatch(file_name):
            return Reading.CONFIGURATION
    return Reading.ORDINARY
