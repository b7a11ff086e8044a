"""Hooks with a secret in each of their fields, every secret made for its one place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from random import Random
from typing import Any

from chassis.identifiers import new_ulid
from gateway.hooks import KNOWN_EVENTS
from tests.integration.system.coding_agent import Payload
from tests.unit.gateway.redaction.secret_samples import EVERY, Sample, password

TEXT_FIELDS = (
    *("session_id", "agent_id", "prompt", "prompt_id", "tool_name", "tool_use_id", "error", "source"),
    *("tool_response", "last_assistant_message", "transcript_path", "hook_event_name", "not_known_to_spark"),
)
EVENTS = (*sorted(KNOWN_EVENTS), "UnknownEvent")
REFUSED = "<tool_use_error>{}</tool_use_error>"
TYPED = (
    "The user doesn't want to proceed with this tool use. The tool use was rejected (eg. if it was a file edit, the"
    " new_string was NOT written to the file). To tell you how to proceed, the user said:\n"
)


@dataclass
class Vault:
    """Makes secrets and remembers where each was put."""

    random: Random
    kept: dict[str, str] = field(default_factory=dict[str, str])
    """Where it was put, by secret."""

    def __post_init__(self) -> None:
        self._kinds = cycle(EVERY)

    def text(self, place: str, kind: str = "") -> str:
        """A text with a secret in it, of the kind given or of the next one."""
        kind = kind or next(self._kinds)
        made: Sample = EVERY[kind](self.random)
        self.kept[made.secret] = f"{kind} in {place}"
        # What is recognised by its lines begins one, as it does in every file and here-document.
        return f"\n{made.text}" if "\n" in made.text else made.text

    def word(self, place: str) -> str:
        """A password and nothing about it that would tell."""
        made = password(self.random)
        self.kept[made] = f"a bare word in {place}"
        return made


def hook(event: str, **fields: Any) -> Payload:
    """A hook of a session and call of its own."""
    known = {"session_id": new_ulid(), "cwd": "/srv/vault", "tool_use_id": f"toolu_{new_ulid()}"}
    return {"hook_event_name": event, **known, **fields}


def complete(event: str, **changed: Any) -> Payload:
    """A hook with every field that any event has."""
    return hook(
        event,
        **{
            "prompt": "run the tests",
            "prompt_id": new_ulid(),
            "source": "startup",
            "agent_id": "a1",
            "tool_name": "Bash",
            "tool_input": {"command": "make test"},
            "error": "Exit code 2\nmake: *** [test]",
            **changed,
        },
    )


def in_every_event(vault: Vault) -> Iterator[Payload]:
    """Each field of each event, with the kinds of secrets in turn."""
    for event in EVENTS:
        yield from in_every_field(vault, event)


def in_lessons(vault: Vault) -> Iterator[Payload]:
    """Each kind of secret where learning looks closest."""
    for kind in EVERY:
        yield from in_a_lesson(vault, kind)


def in_every_field(vault: Vault, event: str) -> Iterator[Payload]:
    """One field at a time, then within those that are objects or lists."""
    for name in TEXT_FIELDS:
        yield complete(event, **{name: vault.text(f"{name} of {event}")})
    yield complete(event, cwd=f"/srv/{vault.text(f'cwd of {event}')}")

    def put(place: str) -> str:
        return vault.text(f"{place} of {event}")

    yield complete(event, tool_input={"command": f"deploy {put('command')}", "description": put("description")})
    yield complete(event, tool_input={put("a key of tool_input"): "x", "nested": [{put("a nested key"): put("depth")}]})
    yield complete(event, tool_name="mcp__a__b", tool_input={"text": put("text"), "n": {"m": [put("a list")]}})
    yield complete(event, tool_name="Read", tool_input={"file_path": f"/srv/{put('file_path')}"})
    yield complete(event, tool_name="Grep", tool_input={"pattern": put("pattern"), "path": put("path")})
    yield complete(event, tool_name="WebFetch", tool_input={"url": f"https://example.test/?q={put('url')}"})
    yield complete(event, tool_response={"stdout": put("stdout"), "file": {"content": put("content")}})
    yield complete(event, spark={"root": f"/srv/{put('root')}", "remote": f"https://example.test/{put('remote')}"})
    yield complete(event, spark={"root": "/srv/vault", "remote": f"https://me:{vault.word('a remote')}@example.test/a"})
    yield complete(event, not_known_to_spark={put("an unknown key"): [put("an unknown list")]})
    yield complete(
        event,
        tool_calls=[
            {
                "tool_name": put("tool_name of a call"),
                "tool_use_id": put("tool_use_id of a call"),
                "tool_input": {"command": put("command of a call"), put("key of a call"): 1},
                "tool_response": REFUSED.format(put("tool_response of a call")),
                put("a call"): put("a call"),
            },
            {"tool_name": "Bash", "tool_input": {}, "tool_response": put("an answer that went well")},
        ],
    )


def in_a_lesson(vault: Vault, kind: str) -> Iterator[Payload]:
    """A failure that comes twice, its error, the fix, and what the user typed."""
    session = {"session_id": new_ulid(), "cwd": "/srv/vault"}
    for _ in range(2):
        command = f"deploy --fast {vault.text('a failing command', kind)}"
        error = f"Exit code 1\nunrecognized arguments: --fast\n{vault.text('an error', kind)}"
        yield hook("PostToolUseFailure", **session, tool_name="Bash", tool_input={"command": command}, error=error)
        named = f"Exit code 1\nModuleNotFoundError: No module named '{vault.text('a signature', kind)}'"
        yield hook("PostToolUseFailure", **session, tool_name="Bash", tool_input={"command": "app run"}, error=named)
    fixed = f"deploy {vault.text('the fix', kind)}"
    yield hook("PostToolUse", **session, tool_name="Bash", tool_input={"command": fixed}, tool_response={})
    refused: Payload = {"tool_name": "Bash", "tool_input": {"command": fixed}, "tool_use_id": new_ulid()}
    refused["tool_response"] = TYPED + vault.text("a reason", kind)
    yield hook("PostToolBatch", **session, tool_calls=[refused])
    yield hook("UserPromptSubmit", **session, prompt=f"please deploy with {vault.text('a prompt', kind)} now")


def in_dotenv_files(vault: Vault) -> Iterator[Payload]:
    """Values of which only the file's name tells that they are secret, by every tool that shows or writes one."""

    def lines(place: str) -> str:
        return "".join(f"{name}={vault.word(f'{name} by {place}')}\n" for name in ("COLOUR", "export REGION", "A1"))

    for path in (".env", "/srv/vault/.env.local", "/srv/vault/config/.env.production"):
        for event, error in (
            ("PreToolUse", ""),
            ("PostToolUse", ""),
            ("PostToolUseFailure", f"Exit code 1\n{lines('an error')}"),
        ):
            told = {"error": error, "tool_response": {"stdout": lines("stdout")}}
            yield hook(event, tool_name="Read", tool_input={"file_path": path}, **told)
            yield hook(event, tool_name="Write", tool_input={"file_path": path, "content": lines("Write")}, **told)
            edit = {"old_string": lines("Edit"), "new_string": lines("Edit")}
            yield hook(event, tool_name="Edit", tool_input={"file_path": path, **edit}, **told)
            yield hook(event, tool_name="MultiEdit", tool_input={"file_path": path, "edits": [edit]}, **told)
            yield hook(event, tool_name="Bash", tool_input={"command": f"cat {path}"}, **told)
            yield hook(event, tool_name="Grep", tool_input={"pattern": "A1", "path": path}, **told)
            appended = f"echo 'COLOUR={vault.word('echo')}' >> {path}"
            yield hook(event, tool_name="Bash", tool_input={"command": appended}, **told)
            heredoc = f"cat > {path} <<'EOF'\n{lines('a here-document')}EOF"
            yield hook(event, tool_name="Bash", tool_input={"command": heredoc}, **told)
        call = {"tool_name": "Read", "tool_input": {"file_path": path}, "tool_use_id": new_ulid()}
        yield hook("PostToolBatch", tool_calls=[{**call, "tool_response": REFUSED.format(lines("a batch"))}])
