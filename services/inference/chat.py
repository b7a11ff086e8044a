"""Answers in a conversation: Agent-0 first, the council where it is unsure, and plain words where no engine is.

What is shown when: Agent-0 states its confidence before it answers (services/inference/speech.py), so the gate is
decided on its first words. At or above the gate its answer can no longer be replaced, and its pieces are shown as they
come. Below it nothing of it is shown: the specialists begin at once, while Agent-0 goes on as one voice more, and the
council's words are shown whole once it has decided. So a piece that was shown is never taken back. Where the confidence
has not come within half of the time, it counts as none.

The deadline is kept with a margin, in which the reply is written: voices that are late by then are left, their engines
stop, and what the others said decides.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, replace

from services.inference.answers import Answer, told, without_engine
from services.inference.asking import Context, messages
from services.inference.calibration import Calibration
from services.inference.deliberation import View, decide, risks_of
from services.inference.metrics import AGENT_0_SECONDS
from services.inference.model import Usage
from services.inference.outcomes import NONE, Stated
from services.inference.pace import due
from services.inference.speaking import Speaking
from services.inference.specialists import AGENT_0, PART_OF_AGENT_0, Specialist
from services.inference.voice import Generates
from spark.fault.v1 import reason_pb2

GATE = 0.65
"""As in the original system."""
GATE_SHARE = 0.5
"""Share of the time in which Agent-0 must have said how sure it is."""
BELIEVED = Calibration()
GRACE_S = 0.5
"""A voice is told that it has so much longer: it is left here, and is not to break off itself at the same moment."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings as an answer uses them."""

    gate: float = GATE
    timeout_s: float = 20.0
    tokens: int = 160
    engine: str = ""
    """Agent-0's own engine; an empty one is the preferred."""


class Chat:
    """Composes answers. It keeps nothing: what was said before comes with the question."""

    def __init__(
        self,
        generates: Generates,
        specialists: Sequence[Specialist],
        policy: Policy,
    ) -> None:
        self._generates = generates
        self._specialists = tuple(specialists)
        self._policy = policy

    async def answer(
        self,
        question: str,
        context: Context,
        deadline: float | None = None,
        maps: Mapping[str, Calibration] = NONE,
    ) -> AsyncGenerator[str | Answer]:
        """Pieces of the reply, then the `Answer`, whose text they make up. `deadline` is on the loop's clock; `maps`
        tell what each model's word on itself is worth, and one of which they tell nothing is believed.

        Raises:
            Fault: when Agent-0 broke after pieces of its answer were shown; they are no answer.
        """
        began = asyncio.get_running_loop().time()
        until = time_for(began, deadline, self._policy.timeout_s)
        if not self._generates.has_model:
            async for event in whole(without_engine("no language model is ready", context)):
                yield event
            return
        agent = self._voice(AGENT_0, PART_OF_AGENT_0, self._policy.engine, question, context, until)
        agent.task.add_done_callback(lambda _: measure(agent, began, until))
        voices = [agent]
        try:
            said = await self._confidence(agent, began + GATE_SHARE * (until - began))
            sure = Sure(agent, said, maps.get(agent.utterance.model, BELIEVED))
            if said is not None and sure.counts >= self._policy.gate:
                async for event in self._from_agent(agent, sure, context, until):
                    yield event
                return
            asked = [held for held in self._specialists if agent.fault is None or held.engine != self._policy.engine]
            specialists = {
                held.name: self._voice(held.name, held.part, held.engine, question, context, until) for held in asked
            }
            voices += specialists.values()
            await asyncio.wait([voice.task for voice in voices], timeout=max(0.0, until - loop_time()))
            async for event in whole(self._decided(agent, sure, specialists, context)):
                yield event
        finally:
            for voice in voices:
                voice.leave()

    def _voice(self, name: str, part: str, engine: str, question: str, context: Context, until: float) -> Speaking:
        return Speaking(
            self._generates,
            lambda structured: messages(part, question, context, structured=structured),
            engine=engine,
            tokens=self._policy.tokens,
            until=until + GRACE_S,
            asked_for=AGENT_0 if name == AGENT_0 else "council",
        )

    async def _confidence(self, agent: Speaking, until: float) -> float | None:
        """How sure Agent-0 says it is, as soon as it has; None where it does not, does not answer, or is late."""
        while True:
            speech = agent.speech
            if agent.over and (agent.fault is not None or not speech.answer.strip()):
                return None
            # Without a piece of the answer it is not known yet that there will be one.
            if speech.confidence is not None and speech.answer:
                return speech.confidence
            if agent.over or not await agent.more(until):
                return speech.confidence

    async def _from_agent(
        self, agent: Speaking, sure: Sure, context: Context, until: float
    ) -> AsyncGenerator[str | Answer]:
        """Agent-0's answer as it comes."""
        shown = ""
        while True:
            over = agent.over
            piece = agent.speech.answer[len(shown) :]
            if piece:
                shown += piece
                yield piece
            if over or not await agent.more(until):
                break
        if not shown:
            async for event in whole(without_engine(why([agent]), context, spent_by([agent]))):
                yield event
            return
        if agent.fault is not None and agent.fault.reason != reason_pb2.REASON_DEADLINE_EXCEEDED:
            raise agent.fault
        if not agent.utterance.complete or agent.utterance.cut:
            shown += "…"
            yield "…"
        risks = risks_of([view_of(AGENT_0, agent)])
        yield Answer(
            shown,
            AGENT_0,
            sure.counts,
            risks=risks,
            spent=spent_by([agent]),
            recalled=len(context.recalled),
            stated=sure.stated(own=True),
            calibrated_by=sure.calibrated_by,
        )

    def _decided(self, agent: Speaking, sure: Sure, specialists: dict[str, Speaking], context: Context) -> Answer:
        """What the voices that were in time come to."""
        opinions = tuple(view_of(name, voice) for name, voice in specialists.items() if voice.utterance.complete)
        own = [replace(view_of(AGENT_0, agent), confidence=sure.counts)] if agent.utterance.complete else []
        decision = decide([*own, *opinions])
        voices = [agent, *specialists.values()]
        spent = spent_by(voices)
        if decision is None:
            return without_engine(why(voices), context, spent)
        heard = [view for view in opinions if view.answer.strip()]
        # Who abstains has given no answer that could be right.
        spoke = any(AGENT_0 in by for _, by in decision.camps)
        stated = sure.stated(own=AGENT_0 in decision.camps[0][1]) if spoke else None
        return Answer(
            told(decision),
            "council" if heard else AGENT_0,
            decision.confidence,
            decision.disagreement,
            decision.risks,
            opinions,
            spent=spent,
            recalled=len(context.recalled),
            stated=stated,
            calibrated_by=sure.calibrated_by,
        )


@dataclass(frozen=True, slots=True)
class Sure:
    """How sure Agent-0 said it is, and what that is worth."""

    agent: Speaking
    said: float | None
    worth: Calibration

    @property
    def counts(self) -> float:
        """The confidence that counts, 0 to 1; 0 where none was stated in time."""
        return 0.0 if self.said is None else self.worth.of(self.said)

    @property
    def calibrated_by(self) -> int:
        """Outcomes by which it is mapped."""
        return self.worth.outcomes if self.worth.fitted and self.said is not None else 0

    def stated(self, *, own: bool) -> Stated | None:
        """What is kept of it to be rated; `own` tells whether Agent-0's answer is the one that was given."""
        return None if self.said is None else Stated(self.agent.utterance.model, self.said, own)


def measure(agent: Speaking, began: float, until: float) -> None:
    """Notes how long Agent-0 took. One that broke, or whose asker went away, says nothing about that."""
    now = loop_time()
    if agent.utterance.complete or now >= until:
        AGENT_0_SECONDS.observe(now - began)


async def whole(answer: Answer) -> AsyncGenerator[str | Answer]:
    """A reply that is shown at once."""
    yield answer.text
    yield answer


def view_of(name: str, voice: Speaking) -> View:
    """What a voice said. Where it did not say how sure it is, its confidence is 0."""
    speech = voice.speech
    answer = f"{speech.answer.rstrip()}…" if voice.utterance.cut and speech.answer else speech.answer
    return View(name, answer, speech.confidence or 0.0, speech.verdict, speech.risk)


def spent_by(voices: Sequence[Speaking]) -> Usage:
    """What these voices took; those that were left are charged in the books, and not counted here."""
    took = [voice.utterance.usage for voice in voices if voice.utterance.complete]
    return Usage(
        sum(usage.input_tokens for usage in took),
        sum(usage.output_tokens for usage in took),
        all(usage.counted_by_engine for usage in took),
        sum(usage.cost_micro_usd for usage in took),
    )


def why(voices: Sequence[Speaking]) -> str:
    """Why no voice was heard, in words that are safe to show."""
    faults = [voice.fault.message for voice in voices if voice.fault is not None]
    if faults:
        return faults[0]
    empty = any(voice.utterance.complete for voice in voices)
    return "the engine gave an empty answer" if empty else "no engine answered in time"


def time_for(began: float, deadline: float | None, timeout_s: float) -> float:
    """Until when an answer must be there, on the loop's clock."""
    last = began + timeout_s if deadline is None else min(deadline, began + timeout_s)
    return max(began, due(began, last))


def loop_time() -> float:
    """The time now, on the loop's clock."""
    return asyncio.get_running_loop().time()
