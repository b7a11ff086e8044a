"""Many agents at once, each waiting for the answer to its hook before it sends the next."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.agent import Agent
from bench.hooks import BadReply
from bench.keep_alive import KeepAlive
from bench.lessons import Mistake
from bench.rounds import percentile


@dataclass
class Heard:
    """What came back. `rate` is hooks a second of all agents together."""

    rate: float = 0.0
    seconds: list[float] = field(default_factory=list[float])
    lost: int = 0
    """Hooks answered without their event, or not at all in time."""
    proposed: int = 0
    advised: int = 0
    """Of calls proposed, and of those told something."""

    @property
    def hooks(self) -> int:
        """Hooks answered."""
        return len(self.seconds)

    def milliseconds(self, share: float) -> float:
        """A percentile of the answers' times."""
        return 1000 * percentile(self.seconds, share)


class Member:
    """One agent in a thread of its own."""

    def __init__(self, agent: Agent, seconds: float) -> None:
        self._agent = agent
        self._lasts_s = seconds
        self.taken: defaultdict[str, list[float]] = defaultdict(list)
        self.outcomes: Counter[str] = Counter()
        self.rate = 0.0

    def work(self) -> None:
        """Works until the time is over, then to the end of the turn."""
        began = time.perf_counter()
        while time.perf_counter() - began < self._lasts_s:
            try:
                self._agent.work(self.taken)
            except BadReply:
                self.outcomes["lost"] += 1
                self._agent.turns += 1
        self.rate = sum(len(seconds) for seconds in self.taken.values()) / (time.perf_counter() - began)


def ask(port: int, token: str, known: Sequence[Mistake], name: str, agents: int, seconds: float) -> Heard:
    """Lets so many agents work for so long, each over a connection of its own."""
    headers = {"authorization": f"Bearer {token}", "user-agent": "bench"}
    clients = [KeepAlive("127.0.0.1", port, "/v1/hooks/claude-code", headers) for _ in range(agents)]
    working = [Agent(f"{name}-{number}", client, known) for number, client in enumerate(clients)]
    for number, agent in enumerate(working):
        # Else all would be about the same mistake at the same time.
        agent.turns = number * len(known) // agents
    members = [Member(agent, seconds) for agent in working]
    threads = [threading.Thread(target=member.work) for member in members]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in clients:
        client.close()
    heard = Heard(rate=sum(member.rate for member in members))
    for member, agent in zip(members, working, strict=True):
        heard.seconds += [one for kind in member.taken.values() for one in kind]
        heard.lost += member.outcomes["lost"]
        heard.proposed += agent.tallies["PreToolUse"].hooks
        heard.advised += agent.tallies["PreToolUse"].advised
    return heard
