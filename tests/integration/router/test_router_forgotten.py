"""A conversation that was told of in another session, and is forgotten: its words are nowhere any more."""

# nats-py leaves **params of its calls untyped.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from pathlib import Path

from chassis.bus import Bus
from host.connection import connected
from spark.gateway.v1 import hooks_pb2
from spark.gateway.v1.hooks_pb2_grpc import HooksServiceStub
from tests.integration.chassis.waiting import eventually
from tests.integration.router.test_router_live import SAID, prompted, say
from tests.integration.system.traces import all_rows


async def test_what_was_told_of_it_elsewhere_is_forgotten_with_it(tmp_path: Path) -> None:
    settings = {"advisory.max_ms": "4000", "advisory.include_mind": "1"}
    async with connected(tmp_path, {}, settings) as connection:
        gateway, url = HooksServiceStub(connection.channels.to("gateway")), connection.run.database_url
        await say(gateway, SAID)
        decision = await prompted(gateway)
        assert SAID in decision.text
        advice_id = decision.said[0].advice_id.encode()

        async def recorded() -> bool:
            return (await all_rows(url)).count(advice_id) >= 2

        await eventually(recorded)
        forgotten = await gateway.Forget(hooks_pb2.ForgetRequest(session_id="terminal"))
        assert forgotten.entries == 1
        rows = await all_rows(url)
        bus = await Bus.connect(connection.run.nats_url)
        last = await bus.jetstream.get_last_msg("DECISIONS", "spark.>")
        await bus.close()
    assert SAID.encode() not in rows
    assert SAID.encode() not in (last.data or b"")
    # What is not of the conversation stays: the session that was told, and that it was told of something.
    entry = decision.said[0].packet_id.removeprefix("said:").encode()
    assert advice_id in rows
    assert entry in rows
    assert entry in (last.data or b"")
