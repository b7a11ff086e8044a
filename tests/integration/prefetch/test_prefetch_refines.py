"""What is prepared is worded by a model behind it, where that is wanted and its words hold."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.integration.chassis.waiting import eventually
from tests.integration.prefetch.test_prefetch_prepares import taught
from tests.integration.prefetch.world import Agent, calling, open_world

PLAIN = "What worked after that: `make test --b`"
WORDED = "What worked here is `make test --b`."
INVENTED = "Run `rm -rf build` first."


@contextmanager
def model(advice: str) -> Generator[str]:
    """A server of the OpenAI protocol that gives one advice whatever it is asked; its base URL."""

    class Says(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer("application/json", json.dumps({"object": "list", "data": [{"id": "m", "object": "model"}]}))

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
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


async def test_a_model_words_what_is_ready(database_url: str, bus_url: str) -> None:
    with model(WORDED) as url, calling():
        async with open_world(database_url, bus_url, **served_by(url)) as world:
            await taught(world)
            agent = Agent("now")

            async def worded() -> bool:
                await world.prepared_for(agent.calls("ls src"))
                packets = (await world.found(agent.calls("git commit -m y"))).packets
                return [packet.text for packet in packets] == [WORDED]

            await eventually(worded, within=20)
            assert (await world.status()).refinement == "on"
            assert await world.dead() == 0


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
            (packet,) = (await world.found(Agent("now").calls("git commit -m y"))).packets
            assert PLAIN in packet.text
        async with open_world(database_url, bus_url) as world:
            assert (await world.status()).refinement == "off"
