"""How a connection finds out that its other end is gone without a word: a host that failed, a network that was cut.

Without it TCP waits for a quarter of an hour, and whoever has asked something waits with it.
"""

from __future__ import annotations

import socket
from asyncio import BaseTransport
from typing import Any

import asyncpg

IDLE_S = 5
PROBE_EVERY_S = 1
PROBES = 3
UNANSWERED_MS = 8_000
"""What was sent must be acknowledged by then, and so must the last of the probes: IDLE_S + PROBES x PROBE_EVERY_S."""


class WatchedConnection(asyncpg.Connection):
    """A connection to Postgres that is closed 8 s after its server is out of reach."""

    def __init__(self, protocol: Any, transport: BaseTransport, *more: Any) -> None:
        super().__init__(protocol, transport, *more)
        watch(transport)


def watch(transport: BaseTransport) -> None:
    """Has the system probe a TCP connection; others are left alone, and so is what a system cannot do."""
    opened: socket.socket | None = transport.get_extra_info("socket")
    if opened is None or opened.family not in (socket.AF_INET, socket.AF_INET6):
        return
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    wanted = {
        "TCP_KEEPIDLE": IDLE_S,
        "TCP_KEEPALIVE": IDLE_S,  # macOS's name for it.
        "TCP_KEEPINTVL": PROBE_EVERY_S,
        "TCP_KEEPCNT": PROBES,
        "TCP_USER_TIMEOUT": UNANSWERED_MS,
    }
    for name, value in wanted.items():
        option = getattr(socket, name, None)
        if option is not None:
            opened.setsockopt(socket.IPPROTO_TCP, option, value)
