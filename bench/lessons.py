"""Lessons as memory makes them, in any number: mistakes with commands and edits of one imagined repository.

Keys, classes and words come from the gateway's own perception, so that a hook about the same call finds them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product

from spark.memory.v1 import lesson_pb2

from gateway.perception.failures import classify
from gateway.perception.purposes import Purpose as Seen
from gateway.perception.targets import call_key
from services.memory.lessons import settled
from services.memory.model import Call, Fix, FixKind, Kind, Lesson, Place, Provenance, Purpose, State
from services.memory.naming import failure_id
from services.memory.wire import lesson_message

WORKSPACE = "local"

AREAS = (
    *(
        "account",
        "basket",
        "billing",
        "catalogue",
        "checkout",
        "courier",
        "currency",
        "customer",
        "delivery",
        "discount",
    ),
    *("export", "gift", "import", "inbox", "invoice", "ledger", "login", "loyalty", "market", "newsletter"),
    *("order", "parcel", "payment", "pricing", "product", "profile", "refund", "report", "return", "review"),
    *("search", "seller", "session", "shelf", "shipment", "stock", "supplier", "tax", "voucher", "warehouse"),
)
PARTS = (
    *("adapter", "archive", "audit", "batch", "cache", "client", "clock", "codec", "command", "cursor"),
    *("digest", "event", "feed", "filter", "form", "gateway", "handler", "index", "job", "limit"),
    *("mapper", "model", "notice", "parser", "policy", "queue", "reader", "record", "router", "schema"),
    *("scope", "signal", "store", "stream", "table", "template", "token", "view", "worker", "writer"),
)


@dataclass(frozen=True, slots=True)
class Mistake:
    """A call that fails, what the tool says, and the call that works."""

    tool: str
    tool_input: Mapping[str, object]
    error: str
    worked: str
    prompt: str


def mistakes() -> Iterator[Mistake]:
    """8,000 different ones, kinds and subjects mixed."""
    for part, area in product(PARTS, AREAS):
        test, flag = f"tests/{area}/test_{part}.py", f"--{part}-{area}"
        usage = f"Exit code 4\nERROR: usage: pytest [options] [file_or_dir] [...]\npytest: error: unrecognized arguments: {flag}"
        ask = f"Please look at the {area} {part} and make its tests pass"
        yield Mistake("Bash", {"command": f"pytest {test} {flag}"}, usage, f"pytest {test}", ask)
        script, module = f"scripts/{area}_{part}.py", f"{area}_{part}"
        trace = f'Exit code 1\nTraceback (most recent call last):\n  File "{script}", line 3, in <module>\n    import {module}\n'
        lost = f"{trace}ModuleNotFoundError: No module named '{module}'"
        yield Mistake("Bash", {"command": f"python {script}"}, lost, f"python -m tools.{module}", ask)
        target = f"{area}-{part}"
        missing = f'Exit code 1\nnpm error Missing script: "{target}"\nnpm error\nnpm error To see a list of scripts, run:\nnpm error   npm run'
        yield Mistake("Bash", {"command": f"npm run {target}"}, missing, f"npm run {area}:{part}", ask)
        rule = f"make: *** No rule to make target '{target}'.  Stop."
        yield Mistake("Bash", {"command": f"make {target}"}, f"Exit code 2\n{rule}", f"make {area}/{part}", ask)
        path = f"src/{area}/{part}.py"
        edit = {"file_path": path, "old_string": f"def {part}_of_{area}(self) -> None:", "new_string": "pass"}
        yield Mistake("Edit", edit, "File has not been read yet. Read it first before writing to it.", path, ask)


def lesson_from(mistake: Mistake, project_id: str, index: int, now: datetime) -> lesson_pb2.Lesson:
    """The lesson that memory would hold after this mistake was made and mended; `index` varies how often."""
    shown = str(mistake.tool_input.get("command", ""))
    key = call_key(mistake.tool, mistake.tool_input)
    failure = classify(mistake.tool, mistake.error, shown)
    purpose = Purpose.NONE if key.purpose is Seen.OTHER else Purpose(key.purpose.value)
    tool_use_id = f"toolu_{index:015x}"
    place = Place(WORKSPACE, project_id, f"session-{index % 97}", "")
    call = Call(tool_use_id, mistake.tool, key.target, key.target_class, key.program, purpose, "", key.tokens, shown)
    seen = 2 + index % 5
    lesson = Lesson(
        lesson_id=failure_id(place, call, failure.code, failure.signature),
        workspace_id=WORKSPACE,
        project_id=project_id,
        kind=Kind.FAILURE_FIX,
        state=State.ACTIVE,
        call=call,
        provenance=Provenance((place.session_id,), (tool_use_id,), seen, 1 + index % 3, now, now),
        failure_class=failure.code,
        signature=failure.signature,
        fix=Fix(FixKind.READ_FIRST if mistake.tool == "Edit" else FixKind.OTHER_COMMAND, mistake.worked),
        tokens=key.tokens,
        antecedents=(f"Read src/{index % 200}.py",),
        revision=1,
    )
    return lesson_message(settled(lesson))


def today() -> datetime:
    """When the lessons were seen: now, so that all are fresh."""
    return datetime.now(UTC)
