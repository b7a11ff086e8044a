"""Drives recorded hooks through the real gateway in the order in which they happened, learning only from the past."""

from __future__ import annotations

import heapq
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from gateway.clients.claude_code.transcript import RecordedHook
from host.recordings.hook_client import HookClient, HookReply
from host.recordings.transcripts import TEACHING, Reader, Transcript
from spark.gateway.v1 import hooks_pb2

if TYPE_CHECKING:
    from spark.gateway.v1.hooks_pb2_grpc import HooksServiceAsyncStub

SETTLE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Played:
    """One hook as it was driven, and what the gateway made of it."""

    hook: RecordedHook
    reply: HookReply

    @property
    def event(self) -> str:
        """The client's name of the moment."""
        return str(self.hook.payload["hook_event_name"])

    @property
    def session(self) -> str:
        """The client's session id."""
        return str(self.hook.payload["session_id"])

    @property
    def route(self) -> str:
        """The route of the decision; empty at moments without one."""
        return self.reply.headers.get("spark-route", "")

    @property
    def tool(self) -> str:
        """The tool, where there is one."""
        return str(self._call.get("tool_name", ""))

    @property
    def subject(self) -> str:
        """What the moment is about, on one line: a command, a path under the session's folder, a prompt."""
        given = self._call.get("tool_input")
        named = cast(dict[str, Any], given) if isinstance(given, dict) else {}
        path = str(named.get("file_path") or "").removeprefix(f"{self.hook.payload.get('cwd', '')}/")
        text = named.get("command") or path or named.get("pattern") or self.hook.payload.get("prompt") or ""
        return " ".join(str(text).split())

    @property
    def _call(self) -> Mapping[str, object]:
        calls = self.hook.payload.get("tool_calls")
        return cast(list[Mapping[str, object]], calls)[0] if isinstance(calls, list) and calls else self.hook.payload


def in_order(reader: Reader, transcripts: Sequence[Transcript]) -> Iterator[RecordedHook]:
    """The hooks of all sessions by time; where two have the same time, the session that began first comes first.

    Only transcripts that overlap are in memory together. Each is read whole before the next: read side by side, a
    session and one that was forked from it would share out between them what both hold.
    """
    waiting: list[Waiting] = []
    for number, transcript in enumerate(transcripts):
        while waiting and waiting[0][0] <= transcript.started:
            yield earliest(waiting)
        take_up(waiting, number, iter(list(reader.hooks(transcript))))
    while waiting:
        yield earliest(waiting)


Waiting = tuple[datetime, int, RecordedHook, Iterator[RecordedHook]]
"""The next hook of a transcript: its time, the transcript's number, the hook, and those behind it."""


def earliest(waiting: list[Waiting]) -> RecordedHook:
    """Takes the earliest hook out, and the one behind it in."""
    _, number, hook, rest = heapq.heappop(waiting)
    take_up(waiting, number, rest)
    return hook


def take_up(waiting: list[Waiting], number: int, hooks: Iterator[RecordedHook]) -> None:
    """Lets a transcript wait with its next hook, if it has one."""
    hook = next(hooks, None)
    if hook is not None:
        # No two entries have the same number, so that hooks themselves are never compared.
        heapq.heappush(waiting, (hook.occurred_at, number, hook, hooks))


async def play(
    hooks: Iterable[RecordedHook], client: HookClient, gateway: HooksServiceAsyncStub, project: str = ""
) -> AsyncGenerator[Played]:
    """Calls each hook as of its own time, and waits until what it teaches is learnt before the next.

    Raises:
        ServiceUnavailable: when the gateway breaks off.
        AioRpcError: when learning does not keep up within 10 s.
    """
    for hook in hooks:
        played = Played(hook, await client.call(hook.payload, hook.occurred_at, project))
        yield played
        sequence = int(played.reply.headers.get("spark-sequence", "0"))
        if sequence and played.event in TEACHING:
            await settle(gateway, sequence)


async def settle(gateway: HooksServiceAsyncStub, sequence: int) -> None:
    """Waits until everything up to a place in the stream can be advised from."""
    request = hooks_pb2.SettleRequest(sequence=sequence)
    request.patience.FromTimedelta(timedelta(seconds=SETTLE_SECONDS))
    await gateway.Settle(request, timeout=SETTLE_SECONDS)
