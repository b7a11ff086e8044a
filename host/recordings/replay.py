"""Drives recorded hooks through the real gateway in the order in which they happened, learning only from the past."""

from __future__ import annotations

import heapq
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from gateway.clients.recorded import RecordedHook
from host.recordings.decisions import Decisions
from host.recordings.hook_client import HookClient, HookReply
from host.recordings.sources import Source
from host.recordings.transcripts import TEACHING
from spark.gateway.v1 import hooks_pb2

if TYPE_CHECKING:
    from spark.gateway.v1.hooks_pb2_grpc import HooksServiceAsyncStub

SETTLE_SECONDS = 10.0
FORGET_SECONDS = 60.0
ALONE = "/recordings/alone"
"""Folder of the projects of one session each; it does not exist."""


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
    def call_id(self) -> str:
        """The client's id of the call, where there is one."""
        return str(self._call.get("tool_use_id", ""))

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


def in_order(sources: Sequence[Source]) -> Iterator[RecordedHook]:
    """The hooks of all sessions by time; where two have the same time, the session that began first comes first.

    Only transcripts that overlap are in memory together. Each is read whole before the next: read side by side, a
    session and one that was forked from it would share out between them what both hold.
    """
    waiting: list[Waiting] = []
    for number, source in enumerate(sources):
        while waiting and waiting[0][0] <= source.started:
            yield earliest(waiting)
        take_up(waiting, number, iter(list(source.hooks())))
    while waiting:
        yield earliest(waiting)


Waiting = tuple[datetime, int, RecordedHook, Iterator[RecordedHook]]
"""The next hook of a source: its time, the source's number, the hook, and those behind it."""


def earliest(waiting: list[Waiting]) -> RecordedHook:
    """Takes the earliest hook out, and the one behind it in."""
    _, number, hook, rest = heapq.heappop(waiting)
    take_up(waiting, number, rest)
    return hook


def take_up(waiting: list[Waiting], number: int, hooks: Iterator[RecordedHook]) -> None:
    """Lets a source wait with its next hook, if it has one."""
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
    request = hooks_pb2.SettleRequest(forecasts=True, sequence=sequence)
    request.patience.FromTimedelta(timedelta(seconds=SETTLE_SECONDS))
    await gateway.Settle(request, timeout=SETTLE_SECONDS)


async def play_alone(
    sources: Sequence[Source],
    client: HookClient,
    gateway: HooksServiceAsyncStub,
    decisions: Decisions,
    *,
    before_forgetting: Callable[[Iterable[str]], Awaitable[None]],
) -> AsyncGenerator[Played]:
    """Plays each source as if it were the first of its project: in a project of its own, which is then forgotten.

    One after the other, so that nothing that one taught is there for the next, not even as what all projects taught.

    Raises:
        ServiceUnavailable: when the gateway breaks off.
        AioRpcError: when learning does not keep up within 10 s, or nothing can be forgotten.
    """
    for number, source in enumerate(sources):
        made: list[str] = []
        sessions: dict[str, None] = {}
        async for played in play(source.hooks(), client, gateway, f"{ALONE}/{number}"):
            made.append(played.reply.headers.get("spark-decision", ""))
            sessions[played.session] = None
            yield played
        await before_forgetting(sessions)
        known = await decisions.of([decision for decision in made if decision])
        for project in {decided.envelope.project_id for decided in known.values()}:
            await gateway.Forget(hooks_pb2.ForgetRequest(project_id=project), timeout=FORGET_SECONDS)
