"""What Spark has learnt about each project, and the user's say in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from starlette.requests import Request

from chassis.calls import present_call
from gateway.body import Refused
from gateway.dashboard.asked import address, required
from gateway.dashboard.backends import Backends
from gateway.dashboard.formats import with_names
from gateway.dashboard.serving import Shown, part, there, trouble_of
from gateway.redaction import redact_text
from spark.memory.v1 import lesson_pb2, memory_pb2
from spark.packets.v1 import packets_pb2

PAGE = 30
AT_MOST = 500
"""Lessons in which one is looked for by its id; the contract's own limit."""
TEXT_CHARS = 500
"""The contract's own limit."""
SECONDS = 5.0

DONE: Mapping[str, str] = {
    "revised": "It says what you wrote from now on.",
    "learnt": "It says again what was learnt.",
    "retired": "It is not said any more.",
    "restored": "It may be said again.",
}
"""What was done with a lesson, in words."""


class LessonPages:
    """Gathers what is shown of lessons, and does what is asked with one."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends

    async def list(self, request: Request) -> Shown:
        """One page of lessons, newest first; or one lesson alone."""
        query = request.query_params
        alone, retired = query.get("lesson", ""), bool(query.get("retired"))
        wanted = memory_pb2.ListLessonsRequest(
            project_id=query.get("project", ""),
            include_retired=retired or bool(alone),
            page_size=AT_MOST if alone else PAGE,
            page_token="" if alone else query.get("page", ""),
        )
        answer = await self._backends.memory.ListLessons(wanted)
        lessons = [each for each in answer.lessons if not alone or each.lesson_id == alone]
        worth = await part(self._worth(lessons))
        asked = {"project": wanted.project_id, "retired": "1" if retired else ""}
        older = "" if alone else answer.next_page_token
        values = {
            "here": "lessons",
            "lessons": lessons,
            "total": answer.total,
            "worth": there(worth) or {},
            "worth_trouble": trouble_of(worth),
            "roots": with_names(
                self._backends.roots(present_call().workspace_id), [each.project_id for each in lessons]
            ),
            "asked": asked,
            "alone": alone,
            "later": bool(wanted.page_token),
            "page": wanted.page_token,
            "newest": address("/lessons", asked),
            "older": address("/lessons", {**asked, "page": older}) if older else "",
            "done": DONE.get(query.get("done", ""), ""),
            "done_with": query.get("with", ""),
            "text_chars": TEXT_CHARS,
        }
        return Shown("lessons.html", values, (trouble_of(worth),))

    async def revise(self, request: Request, fields: Mapping[str, str]) -> str:
        """Puts the user's words in place of a lesson's; returns where it is seen."""
        # A text area sends its line ends as CR LF.
        text = redact_text(fields.get("text", "").replace("\r\n", "\n").strip())
        if len(text) > TEXT_CHARS:
            raise Refused(400, "INVALID_ARGUMENT", f"a lesson has {TEXT_CHARS} characters at most, not {len(text)}")
        if not text and not fields.get("take_back"):
            raise Refused(400, "INVALID_ARGUMENT", "a lesson cannot be empty; to have it not said any more, retire it")
        lesson_id = request.path_params["lesson_id"]
        wanted = memory_pb2.ReviseLessonRequest(lesson_id=lesson_id, text="" if fields.get("take_back") else text)
        await self._backends.memory.ReviseLesson(wanted, timeout=SECONDS)
        return shown_at(fields, lesson_id, "learnt" if fields.get("take_back") else "revised")

    async def retire(self, request: Request, fields: Mapping[str, str]) -> str:
        """Takes a lesson out of use, or back into it; returns where it is seen."""
        lesson_id, restore = request.path_params["lesson_id"], required(fields, "what") == "restore"
        wanted = memory_pb2.RetireLessonRequest(lesson_id=lesson_id, restore=restore)
        await self._backends.memory.RetireLesson(wanted, timeout=SECONDS)
        # With those retired, so that it can be taken back at once.
        return shown_at({**fields, "retired": "1"}, lesson_id, "restored" if restore else "retired")

    async def _worth(self, lessons: Iterable[lesson_pb2.Lesson]) -> dict[str, packets_pb2.Worth]:
        """What came of what was said out of these lessons; a packet has the id of its lesson."""
        ids: Sequence[str] = [each.lesson_id for each in lessons]
        if not ids:
            return {}
        answer = await self._backends.packets.Weigh(packets_pb2.WeighRequest(packet_ids=ids))
        return {each.packet_id: each for each in answer.known}


def shown_at(fields: Mapping[str, str], lesson_id: str, done: str) -> str:
    """The page of the list on which a lesson stood, with what was done."""
    asked = {name: fields.get(name, "") for name in ("project", "retired", "page", "lesson")}
    return address("/lessons", {**asked, "done": done, "with": lesson_id}, f"lesson-{lesson_id}")
