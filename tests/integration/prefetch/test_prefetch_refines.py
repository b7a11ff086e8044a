"""What is prepared is worded by a model behind it, where that is wanted and its words hold."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from spark.packets.v1 import packets_pb2
from spark.prefetch.v1 import prefetch_pb2
from tests.integration.chassis.waiting import eventually
from tests.integration.prefetch.test_prefetch_prepares import taught
from tests.integration.prefetch.world import PATIENCE_S, Agent, World, calling, open_world

PLAIN = "What worked after that: `make test --b`"
WORDED = "What worked here is `make test --b`."
INVENTED = "Run `rm -rf build` first."


@dataclass(frozen=True)
class Holding:
    """Lets a model answer only while it is open, and tells that an answer waits."""

    open: threading.Event = field(default_factory=threading.Event)
    waiting: threading.Event = field(default_factory=threading.Event)

    def pass_through(self) -> None:
        if not self.open.is_set():
            self.waiting.set()
            self.open.wait(PATIENCE_S)


@contextmanager
def model(advice: str, holding: Holding | None = None) -> Generator[str]:
    """A server of the OpenAI protocol that gives one advice whatever it is asked; its base URL."""

    class Says(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer("application/json", json.dumps({"object": "list", "data": [{"id": "m", "object": "model"}]}))

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            if holding is not None:
                holding.pass_through()
            said = json.dumps({"advice": advice})
            events: list[dict[str, Any]] = [
                {"choices": [{"index": 0, "delta": {"content": said}, "finish_reason": None}]},
                {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
                {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}},
            ]
            shared = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m"}
            lines = [f"data: {json.dumps({**shared, **event})}\n\n" for event in events]
            self.answer("text/event-stream", "".join([*lines, "data: [DONE]\n\n"]))

        def answer(self, kind: str, body: str) -> None:
            data = body.encode()
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (its name there)
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Says)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def served_by(url: str) -> dict[str, str]:
    return {
        "SPARK_INFERENCE_ENGINES": "openai",
        "SPARK_INFERENCE_OPENAI_URL": url,
        "SPARK_INFERENCE_OPENAI_MODEL": "m",
        "SPARK_PREFETCH_REFINE": "1",
    }


def worded(world: World, agent: Agent) -> Callable[[], Awaitable[bool]]:
    """Whether what is ready after one more call is in the model's words."""

    async def met() -> bool:
        await world.prepared_for(agent.calls("ls src"))
        packets = (await world.found(agent.calls("git commit -m y"))).packets
        return [packet.text for packet in packets] == [WORDED]

    return met


async def test_a_model_words_what_is_ready(database_url: str, bus_url: str) -> None:
    with model(WORDED) as url, calling():
        async with open_world(database_url, bus_url, **served_by(url)) as world:
            await taught(world)
            await eventually(worded(world, Agent("now")), within=20)
            assert (await world.status()).refinement == "on"
            assert await world.dead() == 0


async def test_what_is_forgotten_while_a_model_words_it_is_not_stored(database_url: str, bus_url: str) -> None:
    holding = Holding()
    holding.open.set()
    with model(WORDED, holding) as url, calling():
        async with open_world(database_url, bus_url, **served_by(url)) as world:
            await taught(world)
            agent = Agent("now")
            await eventually(worded(world, agent), within=20)
            holding.open.clear()
            # What is said of a group that failed once more is not worded yet.
            await world.prepared_for(Agent("other").fails("make test --a"), agent.calls("ls src"))
            assert await asyncio.to_thread(holding.waiting.wait, PATIENCE_S)
            await world.prefetch.Forget(prefetch_pb2.ForgetRequest(session_id="now"))
            await world.packets.Forget(packets_pb2.ForgetRequest(session_id="now"))
            holding.open.set()
            # Sessions are worded one at a time: once another is, the forgotten one was dealt with.
            await eventually(worded(world, Agent("later")), within=20)
            stored = await world.tables.fetch("select session_id from packets.preparation")
            assert "now" not in {row["session_id"] for row in stored}


async def test_words_that_do_not_hold_are_not_said(database_url: str, bus_url: str) -> None:
    with model(INVENTED) as url, calling():
        async with open_world(database_url, bus_url, **served_by(url)) as world:
            await taught(world)
            agent = Agent("now")

            async def asked() -> bool:
                await world.prepared_for(agent.calls("ls src"))
                return (await world.status()).refinement == "on"

            await eventually(asked, within=20)
            (packet,) = (await world.found(agent.calls("git commit -m y"))).packets
            assert PLAIN in packet.text
            assert "rm" not in packet.text


async def test_without_an_engine_the_deterministic_words_stand(database_url: str, bus_url: str) -> None:
    with calling():
        async with open_world(database_url, bus_url, SPARK_PREFETCH_REFINE="1") as world:
            await taught(world)
            assert (await world.status()).refinement == "no engine"
            agent = Agent("now")
            await world.prepared_for(agent.calls("ls src"))
            (packet,) = (await world.found(agent.calls("git commit -m y"))).packets
            assert PLAIN in packet.text
        async with open_world(database_url, bus_url) as world:
            assert (await world.status()).refinement == "off"
