"""Calls, events and whole sessions as prefetch hears of them, made by hand or drawn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from services.prefetch.learning import Knowledge, Learnt, learn
from services.prefetch.model import Call, Event, Outcome, Place, Track

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PLACE = Place("local", "a" * 16, "one", "")
FAILED, SUCCEEDED, REJECTED = Outcome.FAILED, Outcome.SUCCEEDED, Outcome.REJECTED


def shell(command: str, number: int = 0) -> Call:
    """A command; its class is its first two words."""
    return Call(f"call-{number}", "Bash", command, " ".join(command.split()[:2]), command)


def file(tool: str, path: str, number: int = 0) -> Call:
    """A call of a file tool; its class is what the file's name ends in."""
    return Call(f"call-{number}", tool, path, path.rpartition(".")[2])


def came_back(call: Call, number: int, outcome: Outcome = SUCCEEDED, place: Place = PLACE) -> Event:
    """A call that came back as the session's `number`-th, one a minute."""
    failed = outcome is FAILED
    return Event(
        place=place,
        sequence=number,
        at=START + timedelta(minutes=number),
        live=True,
        call=replace(call, tool_use_id=f"call-{number}"),
        outcome=outcome,
        failure_class="shell.bad_flag" if failed else "",
        signature=f"unknown flag: --x{number}" if failed else "",
    )


@dataclass
class Session:
    """A session of a project told call by call, and what is known after each."""

    project: Knowledge = field(default_factory=Knowledge)
    shared: Knowledge = field(default_factory=Knowledge)
    track: Track = field(default_factory=Track)
    place: Place = PLACE
    number: int = 0

    def calls(self, call: Call, outcome: Outcome = SUCCEEDED) -> Learnt:
        self.number += 1
        event = came_back(call, self.number, outcome, place=self.place)
        return learn(self.track, event, self.project, self.shared)

    def goes(self, calls: Iterable[tuple[Call, Outcome]]) -> Session:
        for call, outcome in calls:
            self.calls(call, outcome)
        return self

    def anew(self, session_id: str) -> Session:
        """The next session of the same project."""
        place = replace(self.place, session_id=session_id)
        return Session(self.project, self.shared, place=place, number=self.number)


COMMANDS = ("make test", "make build -j 4", "git commit -m x", "go vet ./... | tail -5", "npm run lint")
USUAL_CALLS = (*(shell(command) for command in COMMANDS), file("Read", "src/a.py"), file("Edit", "src/a.py"))


def outcomes() -> st.SearchStrategy[Outcome]:
    return st.sampled_from([SUCCEEDED, SUCCEEDED, FAILED, REJECTED])


def stories(max_size: int = 25) -> st.SearchStrategy[list[tuple[Call, Outcome]]]:
    """What sessions do, of a few calls, so that they come again."""
    return st.lists(st.tuples(st.sampled_from(USUAL_CALLS), outcomes()), max_size=max_size)


def odd_calls() -> st.SearchStrategy[Call]:
    """Calls as a stranger may make them, of tools known and unknown."""
    words = st.text(max_size=60)
    tools = st.sampled_from(["Bash", "Read", "Edit", "Write", "Grep", "Task"]) | st.text(min_size=1, max_size=40)
    shells = st.sampled_from(["", " | ", " && cd /", " 2>&1 <<EOF", "|", " || ", "limit= offset="])
    commands = st.tuples(words, shells, words).map("".join)
    return st.builds(
        Call,
        tool_use_id=st.text(max_size=8),
        tool=tools,
        target=words,
        target_class=words,
        command=commands,
        description=words,
        replacement=words,
    )
