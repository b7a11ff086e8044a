"""An agent session as packets hear of it: advice that was given, and calls that came back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chassis.consumer import Delivery
from services.packets.library import Library
from spark.moment.v1 import moment_pb2 as moments
from spark.router.v1 import router_pb2
from tests.integration.packets.lessons import NOW, PROJECT, moment

WORKED, FAILED = moments.MOMENT_KIND_CALL_SUCCEEDED, moments.MOMENT_KIND_CALL_FAILED
PROPOSED, ENDED = moments.MOMENT_KIND_CALL_PROPOSED, moments.MOMENT_KIND_SESSION_ENDED
PROMPT = moments.MOMENT_KIND_PROMPT_SUBMITTED
LESSON = router_pb2.SOURCE_LESSON
NEW = "tool run --new"
"""What the advice of these sessions suggests."""


@dataclass
class Session:
    """Events of a session, one a second."""

    name: str = "s"
    at: datetime = NOW
    behind: timedelta = timedelta()
    """How much later Spark saw it: a recording that is driven again."""
    numbers: dict[str, int] = field(default_factory=lambda: {"event": 0, "decision": 0})

    def returned(self, target: str = "ls", kind: moments.MomentKind.ValueType = WORKED, **call: str) -> Delivery:
        """A call that came back, or another moment."""
        made = moment(kind, 0, session=self.name, target=target, **call)
        self._stamp(made.envelope)
        made.call.tool_use_id = made.envelope.event_id[-8:]
        made.outcome.mistake = kind == FAILED
        return Delivery(moments.MomentObserved(moment=made).SerializeToString(), 1, "")

    def advised(self, number: int, **changes: object) -> Delivery:
        """Advice of the packet of lesson `number`, on a prompt; it names a bad flag and suggests `NEW`."""
        self.numbers["decision"] += 1
        decided = router_pb2.AdviceDecided(kind=moments.MOMENT_KIND_PROMPT_SUBMITTED)
        decided.envelope.workspace_id, decided.envelope.project_id = "local", PROJECT
        decided.envelope.session_id = self.name
        self._stamp(decided.envelope)
        advice = decided.decision.said.add(packet_id=f"{number:032x}", text=f"lesson {number}", source=LESSON)
        advice.advice_id = advice_id(self.name, self.numbers["decision"])
        advice.names.add(tool="Bash", target_class="tool run", failure_class="shell.bad_flag")
        advice.suggests.add(tool="Bash", target=NEW)
        decided.decision.text = "said"
        for name, value in changes.items():
            owner = advice if name == "source" else decided.decision if name in {"text", "silence"} else decided
            setattr(owner, name, value)
        return Delivery(decided.SerializeToString(), 1, "")

    def _stamp(self, envelope: moments.Envelope) -> None:
        self.numbers["event"] += 1
        self.at += timedelta(seconds=1)
        envelope.event_id = f"{self.name}{self.numbers['event']:08d}"
        envelope.origin = moments.ORIGIN_LIVE
        envelope.occurred_at.FromDatetime(self.at)
        envelope.observed_at.FromDatetime(self.at + self.behind)


def advice_id(session: str, number: int) -> str:
    """The id of the session's `number`-th piece of advice."""
    return f"{session.upper():0<20}{number:06d}-1"


async def claimed(library: Library, session: str, *numbers: int) -> None:
    """Shows packets to a session, as the router does before advice is given."""
    asked = moment(PROPOSED, session=session)
    version = (await library.find(asked, 0)).gate.version
    assert await library.claim(asked, version, [f"{number:032x}" for number in numbers])
