"""Lessons such as memory makes, in any number: mistakes with commands and edits of one imagined repository.

Keys, classes and words come from the gateway's own perception, so that a hook about the same call finds them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product

from chassis.identifiers import digest
from gateway.moments import PURPOSES
from gateway.perception.failures import classify
from gateway.perception.targets import call_key
from spark.memory.v1 import lesson_pb2

WORKSPACE = "local"

AREAS = (
    *("account", "basket", "billing", "catalogue", "checkout", "courier", "currency", "customer", "delivery"),
    *("discount", "export", "gift", "import", "inbox", "invoice", "ledger", "login", "loyalty", "market"),
    *("newsletter", "order", "parcel", "payment", "pricing", "product", "profile", "refund", "report", "return"),
    *("review", "search", "seller", "session", "shelf", "shipment", "stock", "supplier", "tax", "voucher", "warehouse"),
)
PARTS = (
    *("adapter", "archive", "audit", "batch", "cache", "client", "clock", "codec", "command", "cursor"),
    *("digest", "event", "feed", "filter", "form", "gateway", "handler", "index", "job", "limit"),
    *("mapper", "model", "notice", "parser", "policy", "queue", "reader", "record", "router", "schema"),
    *("scope", "signal", "store", "stream", "table", "template", "token", "view", "worker", "writer"),
)

# As pytest, python, npm and make print them, the exit code before them as the client adds it.
USAGE = "Exit code 4\nERROR: usage: pytest [options] [file_or_dir] [...]\npytest: error: unrecognized arguments: {flag}"
TRACE = """Exit code 1
Traceback (most recent call last):
  File "{script}", line 3, in <module>
    import {module}
ModuleNotFoundError: No module named '{module}'"""
NO_SCRIPT = """Exit code 1
npm error Missing script: "{target}"
npm error
npm error To see a list of scripts, run:
npm error   npm run"""
NO_RULE = "Exit code 2\nmake: *** No rule to make target '{target}'.  Stop."
NOT_READ = "File has not been read yet. Read it first before writing to it."


@dataclass(frozen=True, slots=True)
class Mistake:
    """A call that fails, what the tool says, and the call that works."""

    tool: str
    tool_input: Mapping[str, object]
    error: str
    worked: str
    prompt: str
    fix: lesson_pb2.FixKind.ValueType = lesson_pb2.FIX_KIND_OTHER_COMMAND


def mistakes() -> Iterator[Mistake]:
    """8,000 different ones, kinds and subjects mixed."""
    for part, area in product(PARTS, AREAS):
        prompt = f"Please look at the {area} {part} and make its tests pass"
        test, flag = f"tests/{area}/test_{part}.py", f"--{part}-{area}"
        yield command(f"pytest {test} {flag}", USAGE.format(flag=flag), f"pytest {test}", prompt)
        script, module = f"scripts/{area}_{part}.py", f"{area}_{part}"
        trace = TRACE.format(script=script, module=module)
        yield command(f"python {script}", trace, f"python -m tools.{module}", prompt)
        target = f"{area}-{part}"
        yield command(f"npm run {target}", NO_SCRIPT.format(target=target), f"npm run {area}:{part}", prompt)
        yield command(f"make {target}", NO_RULE.format(target=target), f"make {area}/{part}", prompt)
        path = f"src/{area}/{part}.py"
        edit = {"file_path": path, "old_string": f"def {part}_of_{area}(self) -> None:", "new_string": "pass"}
        yield Mistake("Edit", edit, NOT_READ, path, prompt, lesson_pb2.FIX_KIND_READ_FIRST)


def command(typed: str, error: str, worked: str, prompt: str) -> Mistake:
    """A mistake with a command."""
    return Mistake("Bash", {"command": typed}, error, worked, prompt)


def lesson_from(mistake: Mistake, project_id: str, index: int, now: datetime) -> lesson_pb2.Lesson:
    """The lesson that there would be after this mistake was made and mended; `index` varies how often."""
    typed = str(mistake.tool_input.get("command", ""))
    key = call_key(mistake.tool, mistake.tool_input)
    failure = classify(mistake.tool, mistake.error, typed)
    seen = 2 + index % 5
    lesson = lesson_pb2.Lesson(
        lesson_id=digest(project_id, mistake.tool, key.target, failure.code),
        workspace_id=WORKSPACE,
        project_id=project_id,
        kind=lesson_pb2.LESSON_KIND_FAILURE_FIX,
        state=lesson_pb2.LESSON_STATE_ACTIVE,
        tool=mistake.tool,
        target=key.target,
        target_class=key.target_class,
        program=key.program,
        purpose=PURPOSES[key.purpose],
        failure_class=failure.code,
        signature=failure.signature,
        fix=lesson_pb2.Fix(kind=mistake.fix, worked=mistake.worked),
        text=f"`{key.target}` failed here before ({failure.code}: {failure.signature!r}); what worked: "
        f"`{mistake.worked}`. Seen {seen} times, last on {now:%Y-%m-%d}.",
        tokens=key.tokens,
        antecedents=[f"Read src/{index % 200}.py"],
        confidence=(1 + seen) / (2 + seen),
        provenance=lesson_pb2.Provenance(
            session_ids=[f"session-{index % 97}"], tool_use_ids=[f"toolu_{index:015x}"], occurrences=seen, fixes=1
        ),
        revision=1,
    )
    lesson.provenance.first_seen.FromDatetime(now)
    lesson.provenance.last_seen.FromDatetime(now)
    return lesson


def today() -> datetime:
    """When the lessons were seen: now, so that all are fresh."""
    return datetime.now(UTC)
