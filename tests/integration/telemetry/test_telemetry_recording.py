from __future__ import annotations

from spark.memory.v1 import lesson_pb2
from spark.moment.v1 import moment_pb2
from spark.router.v1 import router_pb2
from spark.telemetry.v1.telemetry_pb2 import ListDecisionsRequest
from tests.integration.telemetry.world import World, decided, ids, open_world, sample


async def test_a_decision_comes_back_whole(world: World) -> None:
    event = decided(text="Use --locked: it worked twice here.", route=router_pb2.ROUTE_PACKET_EXACT)
    event.envelope.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    event.decision.said.add(
        packet_id="p1",
        lesson_id="l1",
        kind=lesson_pb2.LessonKind.values()[1],
        text="Use --locked",
        authority=router_pb2.AUTHORITY_WARNING,
        score=0.75,
        provenance=lesson_pb2.Provenance(),
    )
    event.decision.held.add(packet_id="p2", silence=router_pb2.SILENCE_SHOWN_RECENTLY)
    event.decision.live_unavailable = "budget"
    await world.record(event)
    assert list(await world.listed()) == [event]


async def test_a_decision_published_twice_is_one(world: World) -> None:
    before = sample("spark_hook_seconds_count")
    events = [decided() for _ in range(5)]
    await world.record(*events, *events)
    await world.record(*reversed(events), extra := decided())
    assert await world.rows() == 6
    assert sorted(ids(await world.listed())) == sorted(ids([*events, extra]))
    assert sample("spark_hook_seconds_count") - before == 6
    assert await world.dead() == 0


async def test_the_whole_stream_again_changes_nothing(database_url: str, bus_url: str) -> None:
    events = [decided() for _ in range(450)]
    async with open_world(database_url, bus_url) as world:
        await world.record(*events)
        await world.bus.jetstream.delete_consumer("DECISIONS", "telemetry")  # pyright: ignore[reportUnknownMemberType]
    before = sample("spark_hook_seconds_count")
    async with open_world(database_url, bus_url) as world:
        await world.record(last := decided())
        assert await world.rows() == 451
        assert await world.dead() == 0
        assert sample("spark_hook_seconds_count") - before == 1
        assert ids(await world.listed(ListDecisionsRequest(page_size=1))) == [last.decision.decision_id]


async def test_poison_goes_to_the_dead_letters_and_the_rest_is_stored(world: World) -> None:
    nameless, shapeless, endless = decided(), decided(), decided()
    nameless.decision.decision_id = ""
    shapeless.ClearField("envelope")
    endless.hook_latency_us = 2**63  # one more than a bigint holds
    poison = [b"\xff\xff\xff", *(event.SerializeToString() for event in (nameless, shapeless, endless))]
    good = [decided() for _ in range(6)]
    mixed = [message for pair in zip(poison, good, strict=False) for message in (pair[0], pair[1].SerializeToString())]
    await world.publish_raw(*mixed)
    await world.record(*good[len(poison) :])

    assert sorted(ids(await world.listed())) == sorted(ids(good))
    # The service has them only when it has set the poison aside.
    assert await world.dead() == len(poison)
    dead = [await world.bus.jetstream.get_msg("DEAD_LETTERS", place) for place in range(1, len(poison) + 1)]
    assert [letter.data for letter in dead] == poison


async def test_only_live_hooks_are_measured(world: World) -> None:
    exact = {"route": "packet_exact", "silence": "none"}
    silent = {"route": "deterministic", "silence": "no_lesson"}
    before = sample("spark_decisions_total", **exact), sample("spark_decisions_total", **silent)
    seconds, fast = sample("spark_hook_seconds_sum"), sample("spark_hook_seconds_bucket", le="0.002")
    await world.record(
        decided(text="said", route=router_pb2.ROUTE_PACKET_EXACT, hook_latency_us=1_500),
        decided(hook_latency_us=40_000),
        decided(origin=moment_pb2.ORIGIN_REPLAY),
        decided(origin=moment_pb2.ORIGIN_IMPORT, text="said", route=router_pb2.ROUTE_PACKET_EXACT),
    )
    assert await world.rows() == 4
    assert sample("spark_decisions_total", **exact) - before[0] == 1
    assert sample("spark_decisions_total", **silent) - before[1] == 1
    assert round(sample("spark_hook_seconds_sum") - seconds, 6) == 0.0415
    assert sample("spark_hook_seconds_bucket", le="0.002") - fast == 1


async def test_a_nul_in_a_text_is_stored_and_found(world: World) -> None:
    event = decided(session="a\0b", tool="\0")
    await world.record(event, decided(session="ab"))
    assert list(await world.listed(ListDecisionsRequest(session_id="a\0b"))) == [event]
