"""Sessions of one project told call by call, and what is known after each."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from services.memory.learning import CallKey, LessonKey, follow_all, learn
from services.memory.model import Call, Event, Lesson, Outcome, Place, SessionState, State
from services.memory.naming import keys_of
from services.memory.records import dump, load_lesson, load_state

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Story:
    """Sessions of one project, fed event by event through the pure core as the library feeds it."""

    def __init__(self) -> None:
        self.lessons: dict[LessonKey, Lesson] = {}
        self.states: dict[Place, SessionState] = {}
        self.told: list[Lesson] = []
        self.count = 0
        self.session = "one"

    def shell(self, command: str, failure: str = "", signature: str = "", **changes: object) -> Lesson | None:
        """A command; its failure class when it failed."""
        words = command.split()
        call = Call(
            tool_use_id=f"call-{self.count}",
            tool="Bash",
            target=command,
            target_class=" ".join(words[:2]),
            program=words[0],
            command=command,
            digest=command + str(changes.get("directory", "")),
            tokens=tuple(word for word in words if word.isalpha()),
        )
        return self.call(replace(call, **changes), failure, signature)  # type: ignore[arg-type]

    def file(self, tool: str, path: str, failure: str = "", digest: str = "") -> Lesson | None:
        """A call of a file tool."""
        call = Call(f"call-{self.count}", tool, path, target_class=".py", digest=digest or f"{tool} {path}")
        return self.call(call, failure, "")

    def refuse(self, command: str, reason: str) -> Lesson | None:
        """A command that the user refused."""
        words = command.split()
        call = Call(f"call-{self.count}", "Bash", command, " ".join(words[:2]), words[0], digest=command)
        return self.feed(replace(self.event(call), outcome=Outcome.REJECTED, user_reason=reason))

    def call(self, call: Call, failure: str, signature: str) -> Lesson | None:
        """A call as it came back."""
        event = self.event(call)
        if not failure:
            return self.feed(event)
        teaches = failure != "shell.no_match"
        failed = replace(event, outcome=Outcome.FAILED, failure_class=failure, signature=signature, mistake=teaches)
        return self.feed(failed)

    def event(self, call: Call) -> Event:
        """The event of a call that worked, a minute after the one before."""
        self.count += 1
        place = Place("local", "p" * 16, self.session, "")
        at = START + timedelta(minutes=self.count)
        return Event(f"{self.count:032x}", place, at, call=call, outcome=Outcome.SUCCEEDED)

    def feed(self, event: Event) -> Lesson | None:
        """Feeds one event; returns the lesson that it announced, if any."""
        # State and lessons go through their stored form each time, as they do between two batches.
        followed = follow_all({place: load_state(dump(state)) for place, state in self.states.items()}, [event])
        self.states = dict(followed.states)
        known = {key: load_lesson(dump(lesson)) for key, lesson in self.lessons.items()}
        learnt = learn(followed.findings, known, self.keys(), event.at)
        self.lessons |= learnt.changed
        told = [learnt.changed[key] for key in learnt.changed if key in learnt.announced]
        self.told += told
        return told[0] if told else None

    def prompt(self, *tokens: str) -> None:
        """The words of a prompt."""
        self.feed(replace(self.event(Call("", "", "")), call=None, outcome=None, prompt_tokens=tokens))

    def keys(self) -> dict[CallKey, set[LessonKey]]:
        found: dict[CallKey, set[LessonKey]] = {}
        for key, lesson in self.lessons.items():
            for value in keys_of(lesson):
                found.setdefault((lesson.workspace_id, lesson.project_id, value), set()).add(key)
        return found

    @property
    def active(self) -> list[Lesson]:
        """What may be said now."""
        return [lesson for lesson in self.lessons.values() if lesson.state is State.ACTIVE]
