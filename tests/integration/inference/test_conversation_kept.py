"""What is said in a conversation reaches memory over the wire: a real server on a real Postgres."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, cast

import pytest

from chassis.chain import Chain
from chassis.channels import Channels
from chassis.clock import SystemClock
from chassis.contract import methods
from chassis.identifiers import new_ulid
from chassis.identity import Tokens
from chassis.interceptors import STANDARD
from chassis.migrating import migrate
from chassis.migrations import read_migrations
from chassis.server import GrpcServer
from services.inference.asking import Turn
from services.inference.conversation import Conversation
from services.memory.assembly import SERVICE
from services.memory.servicer import MemoryServicer
from spark.memory.v1.memory_pb2_grpc import MemoryServiceStub
from tests.integration.inference.world import TOKEN
from tests.integration.memory.conftest import opened, stopped

pytestmark = pytest.mark.usefixtures("calling")


@pytest.fixture
async def conversation(database_url: str) -> AsyncGenerator[Conversation]:
    """Conversations that a memory keeps; it hears of nothing else."""
    await migrate(database_url, SERVICE.schema, read_migrations(SERVICE.package))
    memory = await opened(database_url)
    nothing = cast("Any", None)
    tokens = Tokens({TOKEN: "local"})
    server = GrpcServer(Chain(STANDARD), tokens)
    servicer = MemoryServicer(nothing, nothing, nothing, memory.conversations)
    server.add(SERVICE.contract.full_name, servicer, methods(SERVICE.contract))
    channels = Channels(tokens, {"memory": f"127.0.0.1:{await server.start('127.0.0.1:0')}"})
    yield Conversation(MemoryServiceStub(channels.to("memory")), SystemClock())
    await channels.close()
    await server.stop(0)
    await stopped(memory)


async def test_what_holds_a_nul_is_kept_without_it_and_found_by_such(conversation: Conversation) -> None:
    await conversation.remember("s1", new_ulid(), "My bike\0 is turquoise.", by_user=True)
    await conversation.remember("s1", new_ulid(), "It is\0 a fine bike.", by_user=False)
    found = await conversation.context("s1", "my\0 bike?")
    assert found.last == (Turn(True, "My bike is turquoise."), Turn(False, "It is a fine bike."))
