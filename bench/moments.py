"""Years of work of many agents, made up: sessions in many projects, most calls well, some failing and then mended.

From a seed, so that two runs see the same. New names come all the time, as in life: what must stay bounded is what is
kept in mind of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from bench.agent import Payload, Session, turn
from bench.lessons import AREAS, PARTS, Mistake, command

PROJECTS = 60
TURNS = 6
"""Prompts in one session."""
CALLS = 5
"""Calls between two prompts that go well, at most."""
FAILING = 0.3
"""Share of prompts after which a call fails: 6 of 100 calls, as in recordings."""
SUBAGENTS = 0.2

NO_TARGET = "Exit code 2\nmake: *** No rule to make target '{name}'.  Stop."
USAGE = "Exit code 2\n{program}: error: unrecognized arguments: --{name}"


@dataclass
class Work:
    """All that happens, moment by moment."""

    random: Random
    sessions: int = 0

    def hooks(self) -> Iterator[Payload]:
        """Hooks without end, one session after the other."""
        while True:
            yield from self._session()

    def _session(self) -> Iterator[Payload]:
        self.sessions += 1
        project = self.random.randrange(PROJECTS)
        session = Session(f"s{self.sessions:07d}", f"/home/dev/project-{project}")
        agent = {"agent_id": "sub-1"} if self.random.random() < SUBAGENTS else {}
        for number in range(TURNS):
            if self.random.random() < FAILING:
                calls = turn(session, self._mistake(), number)
            else:
                calls = self._well(session, number)
            for payload in calls:
                yield {**payload, **agent}
        yield session.hook("SessionEnd", reason="exit")

    def _well(self, session: Session, number: int) -> Iterator[Payload]:
        """A prompt and calls that go well."""
        name = self._name()
        yield session.hook("UserPromptSubmit", prompt=f"Look at {name} and mend it", prompt_id=f"p{number}")
        for _ in range(self.random.randint(1, CALLS)):
            tool = self.random.choice(("Read", "Edit", "Bash", "Grep"))
            given = {"command": self._command(self._name())} if tool == "Bash" else self._given(session, tool)
            call = session.call(tool, given)
            yield session.hook("PreToolUse", **call)
            yield session.hook("PostToolUse", **call, tool_response={"stdout": "done"}, duration_ms=40)

    def _given(self, session: Session, tool: str) -> Payload:
        path = f"{session.folder}/src/{self._name().replace('-', '/')}.py"
        if tool == "Grep":
            return {"pattern": self._name(), "path": path}
        edited = {"old_string": self._name(), "new_string": f"def {self._name()}() -> None:"} if tool == "Edit" else {}
        return {"file_path": path, **edited}

    def _mistake(self) -> Mistake:
        name, program = self._name(), self.random.choice(("pytest", "ruff", "mypy", "cargo", "gradle"))
        prompt = f"Please make {name} work"
        if self.random.random() < 0.5:
            return command(f"make {name}", NO_TARGET.format(name=name), f"make {name.partition('-')[0]}", prompt)
        error = USAGE.format(program=program, name=name)
        return command(f"{program} tests/{name} --{name}", error, f"{program} tests/{name}", prompt)

    def _command(self, name: str) -> str:
        return f"{self.random.choice(('pytest', 'make', 'git show', 'ls', 'cat', 'npm run'))} {name}"

    def _name(self) -> str:
        area, part = self.random.choice(AREAS), self.random.choice(PARTS)
        return f"{area}-{part}-{self.random.randrange(200)}"
