"""Secrets of every kind where remedies and forecasts are made from; then all that was kept or said is searched."""

from __future__ import annotations

import random
from collections.abc import Iterator

from chassis.identifiers import new_ulid
from tests.integration.system.coding_agent import Payload, sequence_of
from tests.integration.system.running_spark import HOOK_PATH, Spark
from tests.integration.system.secret_payloads import Vault
from tests.integration.system.traces import Searched, all_rows, files_below
from tests.unit.gateway.redaction.secret_samples import EVERY

CANARY = "canarythatstandsforall"
"""A word that is no secret: the search must find it wherever a secret could be."""


PASSWORD = "hunterpassword22"
"""A secret that looks like any other word."""
SESSIONS = 24
"""Each kind of secret comes some three times, each time in another place."""


def met(vault: Vault) -> Iterator[Payload]:
    """A session in which edits and a command fail and are mended, a secret in each of their texts."""
    session = {"session_id": new_ulid(), "cwd": "/srv/vault"}

    def put(place: str) -> str:
        return f"{CANARY} {vault.text(place)}"

    def call(event: str, tool: str, **given: str) -> Payload:
        named = {"tool_name": tool, "tool_input": given, "tool_use_id": f"toolu_{new_ulid()}"}
        return {"hook_event_name": event, **session, **named}

    failed = {"error": f"Exit code 1\n{put('an error')}\n--- FAIL: Test{put('the name of a test')}", "duration_ms": 9}
    described = {"description": put("a description")}
    yield call("PostToolUseFailure", "Bash", command=f"pytest --fast {put('a command')}", **described) | failed
    yield call("PostToolUse", "Bash", command=f"pytest {put('the fix')}", **described) | {"tool_response": {}}
    missed: Payload = {"error": f"String to replace not found in file.\n{put('what was not found')}"}
    done: Payload = {"tool_response": {}}
    for event, more in (("PostToolUseFailure", missed), ("PostToolUse", done)):
        # A value alone: only the file, or what it replaces, tells that it is one.
        for path, value in (("/srv/vault/.env", f"changed to {PASSWORD}"), ("/srv/vault/src/it.py", PASSWORD)):
            yield call(event, "Edit", file_path=path, old_string="changeme", new_string=value) | more
        edit = {"file_path": "/srv/vault/src/it.py", "old_string": put("old text"), "new_string": put("new text")}
        yield call(event, "Edit", **edit) | more
        written = {"file_path": "/srv/vault/src/new.py", "content": put("a file")}
        yield call(event, "Write", **written) | more
        yield call(event, "NotebookEdit", notebook_path="/srv/vault/a.ipynb", new_source=put("a cell")) | more


async def test_no_secret_comes_by_remedies_and_forecasts(system: Spark) -> None:
    seed = random.randrange(2**32)
    vault = Vault(random.Random(seed))
    replies: list[bytes] = []
    last = 0
    async with system.http() as client:
        for _ in range(SESSIONS):
            for payload in met(vault):
                reply = await client.post(HOOK_PATH, json=payload)
                replies.append(reply.content)
                last = max(last, sequence_of(reply))
    assert len(vault.kept) > 3 * len(EVERY)
    await system.settle(last)
    places = {
        "replies": replies,
        "rows": [await all_rows(system.run.database_url)],
        "files of JetStream": list(files_below(system.home / "nats" / "jetstream")),
    }
    for place, texts in places.items():
        searched = Searched(texts)
        assert CANARY.encode() in searched, place
        assert PASSWORD.encode() not in searched, place
        leaks = searched.leaks(vault.kept)
        assert not leaks, f"{place}, seed {seed}: {leaks}"
