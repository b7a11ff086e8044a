"""Ways to a model's first token: bare HTTP to the engine, the same through its SDK, and through Spark over gRPC."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from chassis.identifiers import new_ulid
from spark.inference.v1 import generation_pb2

if TYPE_CHECKING:
    from openai import AsyncOpenAI

    from spark.inference.v1.inference_pb2_grpc import InferenceServiceAsyncStub


class Way(Protocol):
    """One way to ask for a completion."""

    @property
    def name(self) -> str:
        """What it is called in the report."""
        ...

    async def once(self, prompt: str, tokens: int) -> float:
        """Takes one stream to its end; seconds to its first token."""
        ...


@dataclass(frozen=True)
class BareHttp:
    """The floor: a socket and no more, a new one for each stream, as llama.cpp ends it after each."""

    host: str
    port: int
    model: str
    name: str = "engine, bare HTTP"

    async def once(self, prompt: str, tokens: int) -> float:
        """One request; the body is looked at for its first piece of content, the rest is only read.

        Raises:
            ConnectionError: when it ends before its end.
        """
        asked = {
            "model": self.model,
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        body = json.dumps(asked).encode()
        head = (
            "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
            f"connection: close\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        started, first = time.perf_counter(), 0.0
        reader, writer = await asyncio.open_connection(self.host, self.port, limit=1 << 20)
        try:
            writer.write(head.encode() + body)
            while not (line := await reader.readline()).startswith(b"data: [DONE]"):
                if not line:
                    raise ConnectionError("the engine broke off")
                if not first and line.startswith(b"data:") and says_something(line):
                    first = time.perf_counter() - started
            return first
        finally:
            writer.close()


def says_something(line: bytes) -> bool:
    """Whether a chunk holds a piece of the text."""
    choices = json.loads(line[5:])["choices"]
    return bool(choices and choices[0]["delta"].get("content"))


@dataclass
class Sdk:
    """What a program without Spark would use."""

    client: AsyncOpenAI
    model: str
    name: str = "engine, openai SDK"

    async def once(self, prompt: str, tokens: int) -> float:
        """One completion."""
        create: Any = self.client.chat.completions.create
        started, first = time.perf_counter(), 0.0
        stream = await create(
            model=self.model,
            messages=[{"role": "user", "content": prompt}],
            max_tokens=tokens,
            stream=True,
            stream_options={"include_usage": True},
        )
        async for chunk in stream:
            if not first and chunk.choices and chunk.choices[0].delta.content:
                first = time.perf_counter() - started
        return first


@dataclass
class ThroughSpark:
    """Over gRPC, from the same process."""

    stub: InferenceServiceAsyncStub
    metadata: Sequence[tuple[str, str]]
    name: str = "Spark, gRPC"

    async def once(self, prompt: str, tokens: int) -> float:
        """One generation.

        Raises:
            RuntimeError: when it did not come to its end at the engine that is measured.
        """
        message = generation_pb2.Message(role=generation_pb2.ROLE_USER, text=prompt)
        request = generation_pb2.GenerateRequest(
            request_id=new_ulid(), messages=[message], max_tokens=tokens, engine="openai"
        )
        call = self.stub.Generate(request, metadata=tuple(self.metadata), timeout=60)
        started, first, last = time.perf_counter(), 0.0, None
        async for event in call:
            last = event
            if not first and event.HasField("delta"):
                first = time.perf_counter() - started
        if last is None or not last.HasField("finished"):
            raise RuntimeError(f"no end: {last}")
        return first
