"""The clients that Spark can read, by the name in the hook's address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from chassis.faults import UnknownClient
from gateway.clients.claude_code import adapter as claude_code
from gateway.clients.codex import adapter as codex
from gateway.clients.copilot import adapter as copilot
from gateway.clients.cursor import adapter as cursor
from gateway.clients.gemini import adapter as gemini
from gateway.clients.opencode import adapter as opencode
from gateway.sightings import Sighted


class Adapter(Protocol):
    """Reads a client's hooks and writes its replies."""

    def read(self, payload: Mapping[str, object]) -> Sighted:
        """What a hook shows, cut and cleaned of secrets.

        Raises:
            Unusable: when nothing can be made of it.
        """
        ...

    def reply(self, event: str, advice: str, *, refuse: bool = False, error: str = "") -> bytes:
        """The reply in the client's own JSON; `refuse` stops the call that is about to be made, `error` is what the
        agent would have read in place of the advice."""
        ...


ADAPTERS: Mapping[str, Adapter] = {
    claude_code.NAME: claude_code,
    codex.NAME: codex,
    gemini.NAME: gemini,
    cursor.NAME: cursor,
    copilot.NAME: copilot,
    opencode.NAME: opencode,
}


def sender_of(named: str, payload: Mapping[str, object]) -> str:
    """The client that a hook is of, where it came in the name of `named`.

    Cursor and Copilot CLI also run the hooks in Claude Code's settings, with payloads of their own: Cursor's tell its
    version, Copilot's the time, which Claude Code's never do.
    """
    if named != claude_code.NAME:
        return named
    if "cursor_version" in payload:
        return cursor.NAME
    return copilot.NAME if "timestamp" in payload and "transcript_path" not in payload else named


def adapter_for(client: str) -> Adapter:
    """The adapter of a client.

    Raises:
        UnknownClient: when there is none.
    """
    try:
        return ADAPTERS[client]
    except KeyError:
        known = ", ".join(ADAPTERS)
        raise UnknownClient(f"no client {client[:40]!r}; known: {known}", client=client[:40]) from None
