"""Durable consumption on a real NATS: in order, each event stored once, and nothing lost on the way."""

# nats-py leaves **params of its calls untyped.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence

import pytest

from chassis.bus import Bus
from chassis.consumer import BATCH, ENOUGH, Consumer, Delivery
from chassis.faults import BusUnavailable, DeadlineExceeded, StoreUnavailable
from host.engines import Nats
from tests.integration.chassis.numbered import NAME, SUBJECT, Store, consumer_of, publish
from tests.integration.chassis.waiting import eventually


async def acknowledged(bus: Bus) -> bool:
    """Whether the server counts nothing as still to be done."""
    info = await bus.jetstream.consumer_info("MOMENTS", NAME)
    return not info.num_pending and not info.num_ack_pending


async def test_events_come_in_order_and_in_batches(bus: Bus, store: Store, consumer: Consumer) -> None:
    last = await publish(bus, 1, 700)
    await consumer.start()
    assert await consumer.reached(last, 10) == 700
    assert store.kept == list(range(1, 701))
    assert max(map(len, store.batches)) <= BATCH
    assert len(store.batches) < 100
    await eventually(lambda: acknowledged(bus))


async def test_events_that_nobody_waits_for_come_together(bus: Bus, store: Store) -> None:
    consumer = consumer_of(bus, store, gather_s=60)
    await consumer.start()
    await publish(bus, 1, 3)
    await eventually(lambda: consumer.arrived == 3)
    assert store.batches == []
    await consumer.reached(await publish(bus, 4, 4), 5)
    assert store.batches[0][:3] == [1, 2, 3]
    await consumer.stop()


async def test_enough_events_wait_for_no_more(bus: Bus, store: Store) -> None:
    consumer = consumer_of(bus, store, gather_s=60)
    await consumer.start()
    await publish(bus, 1, ENOUGH)
    await eventually(lambda: store.kept == list(range(1, ENOUGH + 1)))
    await consumer.stop()


async def test_an_event_that_presses_brings_those_before_it_at_once(bus: Bus, store: Store) -> None:
    pressing = f"{SUBJECT}.p0"
    subjects = [f"{SUBJECT}.>"]
    consumer = Consumer(
        bus,
        name=NAME,
        stream="MOMENTS",
        subjects=subjects,
        handler=store,
        gather_s=60,
        presses=lambda subject: subject == pressing,
    )
    await consumer.start()
    await publish(bus, 1, 2)
    await eventually(lambda: consumer.arrived == 2)
    await publish(bus, 3, 3)
    await eventually(lambda: store.batches == [[1, 2, 3]])
    await publish(bus, 4, 5)
    await eventually(lambda: consumer.arrived == 2)
    assert store.batches == [[1, 2, 3]], "those after it wait again"
    await consumer.stop()


async def test_what_gathers_is_stored_before_the_end(bus: Bus, store: Store) -> None:
    consumer = consumer_of(bus, store, gather_s=60)
    await consumer.start()
    await publish(bus, 1, 3)
    await eventually(lambda: consumer.arrived == 3)
    await consumer.stop()
    assert store.kept == [1, 2, 3]


async def test_an_event_comes_at_once_where_it_is_waited_for(bus: Bus, store: Store) -> None:
    consumer = consumer_of(bus, store, gather_s=60)
    await consumer.start()
    for number in range(1, 4):
        assert await consumer.reached(await publish(bus, number, number), 5) == number
        assert store.kept[-1] == number
    await consumer.stop()


async def test_a_delivery_tells_its_place_and_subject(bus: Bus) -> None:
    seen: list[Delivery] = []

    async def handler(deliveries: Sequence[Delivery]) -> None:
        seen.extend(deliveries)

    consumer = consumer_of(bus, handler)
    await consumer.start()
    await consumer.reached(await publish(bus, 1, 2), 5)
    assert seen == [Delivery(b"1", 1, f"{SUBJECT}.p1"), Delivery(b"2", 2, f"{SUBJECT}.p2")]
    await consumer.stop()


@pytest.mark.parametrize("refusal", [StoreUnavailable("away"), BusUnavailable("away"), TimeoutError()], ids=repr)
async def test_a_store_that_is_away_loses_nothing_and_gets_nothing_twice(
    bus: Bus, store: Store, consumer: Consumer, refusal: Exception
) -> None:
    last = await publish(bus, 1, 50)
    store.refusals = [refusal] * 3
    await consumer.start()
    await consumer.reached(last, 10)
    assert store.kept == list(range(1, 51))
    assert store.asked == len(store.batches) + 3


async def test_poison_is_set_aside_and_the_rest_of_its_batch_kept(bus: Bus, store: Store, consumer: Consumer) -> None:
    last = await publish(bus, 1, 30)
    store.poison = {7, 30}
    await consumer.start()
    await consumer.reached(last, 10)
    assert store.kept == [number for number in range(1, 31) if number not in (7, 30)]
    await eventually(lambda: acknowledged(bus))
    assert (await bus.jetstream.stream_info("DEAD_LETTERS")).state.messages == 2
    for place, number in ((1, 7), (2, 30)):
        letter = await bus.jetstream.get_msg("DEAD_LETTERS", place)
        assert (letter.subject, letter.data) == (f"spark.dead.{NAME}.{SUBJECT}.p{number % 3}", b"%d" % number)


async def test_poison_while_the_store_comes_and_goes(bus: Bus, store: Store, consumer: Consumer) -> None:
    last = await publish(bus, 1, 10)
    store.poison = {5}
    store.refusals = [StoreUnavailable("away"), StoreUnavailable("away")]
    await consumer.start()
    await eventually(lambda: store.asked >= 4)
    store.refusals.append(StoreUnavailable("away again"))
    await consumer.reached(last, 10)
    assert store.kept == [1, 2, 3, 4, 6, 7, 8, 9, 10]
    assert (await bus.jetstream.stream_info("DEAD_LETTERS")).state.messages == 1


async def test_waiting_for_a_place_ends_when_patience_does(bus: Bus, store: Store, consumer: Consumer) -> None:
    store.open.clear()
    last = await publish(bus, 1, 3)
    await consumer.start()
    with pytest.raises(DeadlineExceeded, match=f"{NAME} is at 0 of 3"):
        await consumer.reached(last, 0.3)
    waiting = asyncio.create_task(consumer.reached(last, 10))
    store.open.set()
    assert await waiting == 3
    with pytest.raises(DeadlineExceeded):
        await consumer.reached(last + 1, 0.05)


async def test_a_place_is_reached_also_when_what_stood_there_was_erased(
    bus: Bus, store: Store, consumer: Consumer
) -> None:
    last = await publish(bus, 1, 6)
    assert await bus.purge("MOMENTS", f"{SUBJECT}.p0") == 2
    await consumer.start()
    assert await consumer.reached(last, 2) >= last
    assert store.kept == [1, 2, 4, 5]


async def test_a_server_that_is_killed_loses_nothing_that_it_acknowledged(
    bus: Bus, nats: Nats, store: Store, consumer: Consumer
) -> None:
    await consumer.start()
    await consumer.reached(await publish(bus, 1, 100), 10)
    store.open.clear()
    await publish(bus, 101, 150)
    os.kill(nats.pid, signal.SIGKILL)
    await eventually(lambda: not bus.connected)
    await nats.restart()
    await eventually(lambda: bus.connected)
    store.open.set()
    last = await publish(bus, 151, 200)
    await consumer.reached(last, 10)
    assert list(dict.fromkeys(store.kept)) == list(range(1, 201))


async def test_a_stream_that_was_made_anew_is_not_taken_for_stored(
    bus: Bus, store: Store, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.binding.LOOK_EVERY_S", 0.05)
    await consumer.start()
    await consumer.reached(await publish(bus, 1, 50), 10)
    await bus.jetstream.delete_stream("MOMENTS")
    await bus.ensure_streams()
    await publish(bus, 101, 105)
    await eventually(lambda: 105 in store.kept)
    store.open.clear()
    last = await publish(bus, 106, 110)
    with pytest.raises(DeadlineExceeded):
        await consumer.reached(last, 0.5)
    store.open.set()
    assert await consumer.reached(last, 5) == last
    assert store.kept[50:] == list(range(101, 111))
