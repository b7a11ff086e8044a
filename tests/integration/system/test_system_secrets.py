"""Secrets in every field of every event, by every way in; then all that was kept or said is searched for them."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys

import httpx
from google.protobuf.timestamp_pb2 import Timestamp

from host.home import run_file
from spark.gateway.v1 import hooks_pb2
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub
from spark.memory.v1 import memory_pb2
from spark.memory.v1.memory_pb2_grpc import MemoryServiceStub
from tests.integration.system.coding_agent import Agent, Payload, failing, sequence_of, unknown_flag
from tests.integration.system.running_spark import HOOK_PATH, REPOSITORY, Spark, environment_of
from tests.integration.system.secret_payloads import Vault, hook, in_dotenv_files, in_every_event, in_lessons
from tests.integration.system.traces import Searched, all_rows, files_below
from tests.unit.gateway.redaction.secret_samples import EVERY

CANARY = "canarythatstandsforall"
"""A word that is no secret: the search must find it wherever a secret could be."""


async def by_http(system: Spark, sent: list[Payload]) -> list[bytes]:
    async with system.http(limits=httpx.Limits(max_connections=8)) as client:
        replies = await asyncio.gather(*(client.post(HOOK_PATH, json=payload) for payload in sent))
    assert {reply.status_code for reply in replies} == {200}
    return [reply.content + str(reply.headers).encode() for reply in replies]


async def by_headers(system: Spark, vault: Vault) -> list[bytes]:
    """Secrets that fit on one line, in the headers that the gateway reads."""
    said: list[bytes] = []
    async with system.http() as client:
        for name in ("traceparent", "spark-project", "spark-time", "x-unknown") * 20:
            text = vault.text(f"the header {name}")
            if text.isascii() and text.isprintable():
                payload = hook("UserPromptSubmit", prompt="run the tests")
                reply = await client.post(HOOK_PATH, json=payload, headers={name: f"/srv/{text}"})
                said.append(reply.content)
    return said


async def by_grpc(system: Spark, vault: Vault, sent: list[Payload]) -> list[bytes]:
    async with system.grpc() as channel:
        stub = HooksServiceStub(channel)
        requests = (
            hooks_pb2.HandleHookRequest(client="claude-code", payload=json.dumps(payload).encode()) for payload in sent
        )
        answers = await asyncio.gather(*(stub.HandleHook(each, metadata=system.metadata) for each in requests))
        folder = hooks_pb2.ResolveProjectRequest(folder=f"/srv/{vault.text('a folder')}")
        await stub.ResolveProject(folder, metadata=system.metadata)
    return [answer.SerializeToString() for answer in answers]


async def by_import(system: Spark, vault: Vault, sent: list[Payload]) -> list[bytes]:
    now = Timestamp()
    now.GetCurrentTime()
    hooks = [hooks_pb2.RecordedHook(payload=json.dumps(payload).encode(), occurred_at=now) for payload in sent]
    said: list[bytes] = []
    async with system.grpc() as channel:
        for start in range(0, len(hooks), 250):
            # Every other batch takes the project from the hooks themselves.
            project = f"/srv/{vault.text('a project')}" if start % 500 else ""
            request = hooks_pb2.ImportHooksRequest(
                client="claude-code", hooks=hooks[start : start + 250], project=project
            )
            answer = await HooksServiceStub(channel).ImportHooks(request, metadata=system.metadata)
            assert answer.published > 0
            said.append(answer.SerializeToString())
    return said


async def told_by(system: Spark) -> list[bytes]:
    """What Spark tells of itself."""
    async with system.http() as client, system.grpc() as channel:
        metrics = (await client.get("/metrics")).content
        lessons = await MemoryServiceStub(channel).ListLessons(
            memory_pb2.ListLessonsRequest(page_size=500, include_retired=True), metadata=system.metadata
        )
    assert lessons.total > len(EVERY)
    asked = (
        ("explain", "--json", "--last", "500"),
        ("lessons", "--all", "--retired", "--json", "--limit", "500"),
        ("lessons", "--all"),
        ("status",),
    )
    return [metrics, lessons.SerializeToString(), *(command(system, *words) for words in asked)]


def command(system: Spark, *words: str) -> bytes:
    done = subprocess.run(
        [sys.executable, "-m", "host.cli", *words], env=environment_of(system.home), cwd=REPOSITORY, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


async def test_no_secret_is_kept_or_said_anywhere(system: Spark) -> None:
    seed = random.randrange(2**32)
    vault = Vault(random.Random(seed))
    replies = await by_http(system, [*in_every_event(vault), *in_lessons(vault), *in_dotenv_files(vault)])
    replies += await by_headers(system, vault)
    replies += await by_grpc(system, vault, [*in_every_event(vault), *in_dotenv_files(vault)])
    replies += await by_import(system, vault, [*in_every_event(vault), *in_lessons(vault), *in_dotenv_files(vault)])
    async with system.http() as client:
        await system.settle(sequence_of(await Agent(client, "/srv/canary").learns(CANARY)))
        replies.append((await Agent(client, "/srv/canary").fails(failing(CANARY), unknown_flag(CANARY))).content)
    told = await told_by(system)
    places = {
        "replies": replies,
        "answers of the system": told,
        "rows": [await all_rows(system.run.database_url)],
        "files of Postgres": list(files_below(system.home / "postgres")),
        "files of JetStream": list(files_below(system.home / "nats" / "jetstream")),
        "other files": [
            *files_below(system.home / "logs"),
            system.log.read_bytes(),
            run_file(system.home).read_bytes(),
        ],
    }
    print(len(vault.kept), "secrets; searched", {place: sum(map(len, texts)) for place, texts in places.items()})
    for place, texts in places.items():
        searched = Searched(texts)
        assert (CANARY.encode() in searched) is (place != "other files"), place
        leaks = searched.leaks(vault.kept)
        assert not leaks, f"{place}, seed {seed}: {leaks}"
