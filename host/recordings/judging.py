"""From what a replay drove and what was decided at it to what is measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, cast

from gateway.clients.recorded import RecordedHook
from gateway.perception.targets import SHELL_TOOLS, call_key
from host.recordings.delivered import delivered, route_of, was_said
from host.recordings.failures import moments_in
from host.recordings.measures.fixes import pairs_of
from host.recordings.measures.model import (
    Call,
    CallClass,
    Channel,
    DecidedMoment,
    FailureKey,
    Item,
    Judged,
    Pair,
    Prediction,
    by_session,
)
from host.recordings.replay import Played
from host.recordings.table_rows import CallRow, PairRow, leaves
from spark.router.v1 import router_pb2

INPUT_CHARS = 4_000
"""Kept of a call's words: as much as tables hold."""

USER_REFUSED = "tool.rejected_by_user"
"""The class under which the gateway knows a refusal by the user."""

NO_ROUTE = "none"
"""Of a moment without a decision."""

CHANNELS = {
    "SessionStart": Channel.PROMPT,
    "UserPromptSubmit": Channel.PROMPT,
    "PreToolUse": Channel.BEFORE_CALL,
    "PostToolUse": Channel.RESULT,
    "PostToolUseFailure": Channel.FAILURE,
    "PostToolBatch": Channel.RESULT,
}


class Predictions(Protocol):
    """What was expected before each call, as whoever predicts said it at that time."""

    def before(self, session: str, agent: str, tool_use_id: str) -> Prediction | None:
        """The prediction made before a call; None where there was none."""
        ...


@dataclass(slots=True)
class _Called:
    """A call while it is followed."""

    session: str
    agent: str
    id: str
    index: int
    order: int
    tool: str
    target: str
    target_class: str
    input: str
    decision: str
    folder: str
    came_back: str = ""
    """The event by which it did."""
    failure_class: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class _Noticed:
    """A moment at which a decision was made, or should have been: then its id is empty."""

    event: str
    session: str
    position: int
    about: _Called | None
    decision: str
    milliseconds: float


@dataclass
class Observer:
    """Follows a replay. Keeps of each call its words, and nothing of what calls printed but the head of an error."""

    rows: Mapping[str, CallRow] = field(default_factory=dict[str, CallRow])
    """What tables say of their calls, by the call's id."""
    _calls: list[_Called] = field(default_factory=list[_Called])
    _sessions: dict[str, list[_Called]] = field(default_factory=dict[str, list[_Called]])
    _open: dict[tuple[str, str], _Called] = field(default_factory=dict[tuple[str, str], _Called])
    _prompts: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    _noticed: list[_Noticed] = field(default_factory=list[_Noticed])

    def see(self, played: Played) -> None:
        """Takes in a hook and what came of it."""
        session, event = played.session, played.event
        decision = played.reply.headers.get("spark-decision", "")
        about: _Called | None = None
        if event == "PreToolUse":
            about = self._begin(played.hook, session, decision)
        elif event == "UserPromptSubmit":
            self._prompts.setdefault(session, []).append(len(self._sessions.get(session, ())))
        elif event in CHANNELS:
            about = self._end(played)
        # Of a hook that shows nothing, such as a step of which no call was turned down, there is nothing to decide.
        if event in CHANNELS and (decision or moments_in(played.hook)):
            position = len(self._sessions.get(session, ()))
            if event == "PreToolUse" and about is not None:
                position = about.index
            self._noticed.append(_Noticed(event, session, position, about, decision, played.reply.milliseconds))

    def _begin(self, hook: RecordedHook, session: str, decision: str) -> _Called:
        tool, given = str(hook.payload.get("tool_name", "")), hook.payload.get("tool_input")
        folder, call_id = str(hook.payload.get("cwd", "")), str(hook.payload.get("tool_use_id", ""))
        key = call_key(tool, cast("dict[str, object]", given) if isinstance(given, dict) else {}, folder)
        calls = self._sessions.setdefault(session, [])
        called = _Called(
            session=session,
            agent=str(hook.payload.get("agent_id", "")),
            id=call_id,
            index=len(calls),
            order=len(self._calls),
            tool=tool,
            target=key.target,
            target_class=key.target_class,
            input=" ".join(leaves(cast("object", given)))[:INPUT_CHARS],
            decision=decision,
            folder=folder,
        )
        calls.append(called)
        self._calls.append(called)
        self._open[session, called.id] = called
        return called

    def _end(self, played: Played) -> _Called | None:
        called = self._open.pop((played.session, played.call_id), None)
        if called is None:
            return None
        called.came_back = "interrupted" if played.hook.payload.get("is_interrupt") is True else played.event
        if played.event != "PostToolUse":
            for moment in moments_in(played.hook):
                called.failure_class = moment.outcome.failure_class
                called.error = moment.outcome.error[:INPUT_CHARS]
        return called

    def judged(
        self,
        decisions: Mapping[str, router_pb2.AdviceDecided],
        pairs: Sequence[PairRow] | None = None,
        predictions: Predictions | None = None,
    ) -> Judged:
        """Everything ready to be measured. Pairs are found where a recording does not bring its own."""
        projects = self._projects(decisions)
        calls = [self._call(called, decisions, projects, predictions) for called in self._calls]
        sessions = by_session(calls)
        found = self._pairs(pairs, sessions) if pairs is not None else pairs_of(sessions)
        items = [item for noticed in self._noticed for item in self._items(noticed, decisions)]
        return Judged(calls, items, found, list(self._moments(calls, decisions)), self._prompts)

    def _projects(self, decisions: Mapping[str, router_pb2.AdviceDecided]) -> dict[str, str]:
        """The project of each session of which a decision is known: that of its first."""
        found: dict[str, str] = {}
        for noticed in self._noticed:
            decided = decisions.get(noticed.decision)
            if decided is not None:
                found.setdefault(noticed.session, decided.envelope.project_id)
        return found

    def _call(
        self,
        called: _Called,
        decisions: Mapping[str, router_pb2.AdviceDecided],
        projects: Mapping[str, str],
        predictions: Predictions | None,
    ) -> Call:
        row = self.rows.get(called.id)
        decided = decisions.get(called.decision)
        perceived = FailureKey(called.tool, called.target_class, called.failure_class)
        failed = called.came_back == "PostToolUseFailure" if row is None else row.outcome == "error"
        shell = called.tool in SHELL_TOOLS
        return Call(
            project=decided.envelope.project_id if decided else projects.get(called.session, called.folder),
            session=called.session,
            index=called.index,
            order=called.order,
            target=decided.target if decided is not None else called.target,
            subject=row.target if row is not None else called.target_class if shell else called.target,
            perceived=perceived,
            recorded=perceived if row is None else FailureKey(called.tool, row.target_class, row.error_class),
            failed=failed,
            refused=called.failure_class == USER_REFUSED,
            worked=called.came_back == "PostToolUse" if row is None else row.outcome == "ok",
            input=called.input,
            error=called.error,
            prediction=predictions.before(called.session, called.agent, called.id) if predictions else None,
        )

    def _items(self, noticed: _Noticed, decisions: Mapping[str, router_pb2.AdviceDecided]) -> Iterator[Item]:
        decided = decisions.get(noticed.decision)
        if decided is not None:
            about = noticed.about.index if noticed.about is not None else None
            yield from delivered(decided.decision, noticed.session, noticed.position, CHANNELS[noticed.event], about)

    def _pairs(self, rows: Sequence[PairRow], sessions: Mapping[str, Sequence[Call]]) -> list[Pair]:
        """A recording's own pairs, as far as their calls were replayed."""
        place = {called.id: called.index for called in self._calls}
        found: list[Pair] = []
        for row in rows:
            failure, fix = (place.get(f"{row.session}:{at}"[-200:]) for at in (row.failure, row.fix))
            if failure is not None and fix is not None:
                found.append(Pair(sessions[row.session][failure], sessions[row.session][fix]))
        return found

    def _moments(
        self, calls: Sequence[Call], decisions: Mapping[str, router_pb2.AdviceDecided]
    ) -> Iterator[DecidedMoment]:
        failed: set[tuple[str, CallClass]] = set()
        failed_so: set[tuple[str, FailureKey]] = set()
        for noticed in self._noticed:
            call = calls[noticed.about.order] if noticed.about is not None else None
            known = False
            if call is not None and noticed.event == "PreToolUse":
                known = (call.project, call.perceived_class) in failed
            elif call is not None and noticed.event == "PostToolUseFailure":
                known = (call.project, call.perceived) in failed_so
                failed.add((call.project, call.perceived_class))
                failed_so.add((call.project, call.perceived))
            decided = decisions.get(noticed.decision)
            decision = decided.decision if decided is not None else router_pb2.Decision()
            yield DecidedMoment(
                channel=CHANNELS[noticed.event],
                route=route_of(decision) if decided is not None else NO_ROUTE,
                pieces=len(decision.said) + len(decision.held),
                said=len(decision.said) if was_said(decision) else 0,
                answered=bool(decision.text) or decision.silence != router_pb2.SILENCE_UNSPECIFIED,
                first_of_session=noticed.event == "PreToolUse" and noticed.position == 0,
                lesson_in_history=known,
                milliseconds=noticed.milliseconds,
                decided=decided is not None,
            )
