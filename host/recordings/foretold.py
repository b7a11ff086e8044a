"""What prefetch expected of each call before it came back, asked for after a replay and judged with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from host.recordings.measures.model import CallClass, Prediction
from spark.prefetch.v1 import prefetch_pb2

if TYPE_CHECKING:
    from spark.prefetch.v1.prefetch_pb2_grpc import PrefetchServiceAsyncStub


class Foretold:
    """Predictions by session, agent and call."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, str], Prediction] = {}

    def before(self, session: str, agent: str, tool_use_id: str) -> Prediction | None:
        """The prediction made before a call; None where there was none."""
        return self._known.get((session, agent, tool_use_id))

    def add(self, session: str, calls: Iterable[prefetch_pb2.ForetoldCall]) -> None:
        """Takes in what was expected of a session's calls."""
        for call in calls:
            expected = tuple(CallClass(each.tool, each.target_class) for each in call.expected)
            self._known[session, call.agent_id, call.tool_use_id] = Prediction(call.failure, expected)

    async def ask(self, prefetch: PrefetchServiceAsyncStub, sessions: Iterable[str]) -> None:
        """Takes in what was expected of all calls of these sessions.

        Raises:
            AioRpcError: when prefetch cannot be asked.
        """
        for session in sessions:
            answer = await prefetch.ListForetold(prefetch_pb2.ListForetoldRequest(session_id=session))
            self.add(session, answer.calls)
