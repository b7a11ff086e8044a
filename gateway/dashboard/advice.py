"""Decisions: a list to search in, a page for each, and the user's word on what was said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from starlette.requests import Request

from chassis.calls import present_call
from chassis.tracing import trace_id
from gateway.dashboard.asked import address, name_of, number_of, one_of, required
from gateway.dashboard.backends import Backends
from gateway.dashboard.decision_rows import row_of, rows_of
from gateway.dashboard.formats import with_names
from gateway.dashboard.serving import Shown, part, there, trouble_of
from gateway.feedback import VERDICTS
from gateway.phrases import ROUTES, SILENCES
from spark.packets.v1 import advice_pb2, judged_pb2
from spark.router.v1 import router_pb2
from spark.telemetry.v1 import telemetry_pb2

PAGE = 50
SHOWN = ("", "said", "found")
"""Which decisions: all, those with advice, those for which a piece was found."""
SECONDS = 5.0


@dataclass(frozen=True)
class Piece:
    """A piece of a decision, with what became of it where it was given."""

    advice: router_pb2.Advice
    said: bool
    state: int = 0
    verdict: int = 0
    decided_by: str = ""
    score: float | None = None
    """What its packet scores by now."""
    stage: int = 0

    @property
    def given(self) -> bool:
        """Whether the agent was given it, so that it can be judged."""
        return self.state != 0


class AdvicePages:
    """Gathers what they show."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends

    async def list(self, request: Request) -> Shown:
        """One page of decisions, newest first."""
        query = request.query_params
        wanted = telemetry_pb2.ListDecisionsRequest(
            project_id=query.get("project", ""),
            session_id=query.get("session", ""),
            only_said=query.get("shown") == "said",
            only_found=query.get("shown") == "found",
            page_size=PAGE,
            page_token=query.get("page", ""),
            route=router_pb2.Route.ValueType(number_of(router_pb2.Route.DESCRIPTOR, query.get("route", ""))),
            silence=router_pb2.Silence.ValueType(number_of(router_pb2.Silence.DESCRIPTOR, query.get("silence", ""))),
        )
        answer = await self._backends.telemetry.ListDecisions(wanted)
        roots = self._backends.roots(present_call().workspace_id)
        asked = {name: query.get(name, "") for name in ("shown", "project", "session", "route", "silence")}
        values = {
            "here": "advice",
            "rows": rows_of(answer.decisions, roots),
            "asked": asked,
            "filtered": any(asked.values()),
            "later": bool(wanted.page_token),
            "newest": address("/advice", asked),
            "older": address("/advice", {**asked, "page": answer.next_page_token}) if answer.next_page_token else "",
            "projects": with_names(roots, [each.envelope.project_id for each in answer.decisions]),
            "routes": {name_of(router_pb2.Route.DESCRIPTOR, number): text for number, text in ROUTES.items()},
            "silences": {name_of(router_pb2.Silence.DESCRIPTOR, number): text for number, text in SILENCES.items()},
        }
        return Shown("advice.html", values)

    async def one(self, request: Request) -> Shown:
        """The page of one decision."""
        wanted = telemetry_pb2.GetDecisionRequest(decision_id=request.path_params["decision_id"])
        answer = await self._backends.telemetry.GetDecision(wanted)
        decided, roots = answer.decision, self._backends.roots(present_call().workspace_id)
        ids = [each.advice_id for each in decided.decision.said if each.advice_id]
        given = await part(self._given(ids))
        values = {
            "here": "advice",
            "decided": decided,
            "row": row_of(decided, roots),
            "pieces": pieces_of(decided.decision, answer.outcomes, there(given) or {}),
            "root": roots.get(decided.envelope.project_id, ""),
            "trace": trace_id(decided.envelope.traceparent),
            "rated": request.query_params.get("rated", ""),
            "verdicts": VERDICTS,
            "given_trouble": trouble_of(given),
        }
        return Shown("decision.html", values, (trouble_of(given),))

    async def rate(self, request: Request, fields: Mapping[str, str]) -> str:
        """Passes the user's word on; returns where it is seen."""
        wanted = advice_pb2.GiveFeedbackRequest(
            advice_id=required(fields, "advice_id"), verdict=one_of(VERDICTS, fields, "verdict")
        )
        judged = (await self._backends.packets.GiveFeedback(wanted, timeout=SECONDS)).advice
        anchor = f"piece-{judged.advice_id}"
        return address(f"/advice/{request.path_params['decision_id']}", {"rated": judged.advice_id}, anchor)

    async def _given(self, ids: list[str]) -> dict[str, advice_pb2.GivenAdvice]:
        """What packets know of advice by now: telemetry hears of it a moment later."""
        if not ids:
            return {}
        wanted = advice_pb2.ListAdviceRequest(advice_ids=ids, page_size=len(ids))
        return {each.advice_id: each for each in (await self._backends.packets.ListAdvice(wanted)).advice}


def pieces_of(
    decision: router_pb2.Decision,
    outcomes: Iterable[judged_pb2.AdviceJudged],
    given: Mapping[str, advice_pb2.GivenAdvice],
) -> list[Piece]:
    """The pieces of a decision: first those said in the order in which they were, then the others by their scores."""
    told = {each.advice_id: each for each in outcomes}
    said = [piece_of(advice, told.get(advice.advice_id), given.get(advice.advice_id)) for advice in decision.said]
    held = sorted(decision.held, key=lambda advice: -advice.score)
    return said + [Piece(advice, said=False) for advice in held]


def piece_of(
    advice: router_pb2.Advice, told: judged_pb2.AdviceJudged | None, given: advice_pb2.GivenAdvice | None
) -> Piece:
    """A piece that was said, with what packets know of it by now, else with what telemetry last heard of it."""
    if given is not None:
        score, stage = (given.effectiveness_score, given.stage) if given.stage else (None, 0)
        return Piece(advice, True, given.state, given.verdict, given.decided_by, score, stage)
    if told is not None:
        return Piece(advice, True, told.state, told.verdict, told.decided_by)
    return Piece(advice, True)
