"""Who is delivered to: one process at a time, and the next one when it is gone, from the first event not stored."""

# nats-py leaves **params of its calls untyped.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import asyncio

import pytest
from nats.aio.msg import Msg

from chassis.bus import Bus
from chassis.consumer import Consumer
from tests.integration.chassis.numbered import Store, consumer_of, publish
from tests.integration.chassis.waiting import eventually


async def test_a_place_is_reached_when_another_replica_has_stored_it(
    bus: Bus, bus_url: str, store: Store, consumer: Consumer
) -> None:
    other_bus = await Bus.connect(bus_url)
    other_store = Store()
    other = consumer_of(other_bus, other_store)
    await consumer.start()
    await other.start()
    last = await publish(bus, 1, 100)
    assert await consumer.reached(last, 10) >= last
    assert await other.reached(last, 10) >= last
    assert store.kept == list(range(1, 101))
    assert other_store.kept == []
    await other.stop()
    await other_bus.close()


@pytest.mark.parametrize("orderly", [True, False])
async def test_another_replica_goes_on_in_order_when_the_first_is_gone(
    bus: Bus, bus_url: str, store: Store, orderly: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.binding.LOOK_EVERY_S", 0.05)
    monkeypatch.setattr("chassis.consumer.STOP_S", 0.05)
    first_bus = await Bus.connect(bus_url)
    first_store = Store()
    first, second = consumer_of(first_bus, first_store), consumer_of(bus, store)
    await first.start()
    await second.start()
    await first.reached(await publish(bus, 1, 20), 10)
    first_store.open.clear()
    await publish(bus, 21, 30)
    await eventually(lambda: first_store.asked > len(first_store.batches))
    if orderly:
        await first.stop()
    await first_bus.close()
    last = await publish(bus, 31, 50)
    await second.reached(last, 10)
    assert first_store.kept == list(range(1, 21))
    assert store.kept == list(range(21, 51))
    await second.stop()
    if not orderly:
        await first.stop()


async def test_who_listens_to_everything_keeps_nothing_from_the_next_one(
    bus: Bus, bus_url: str, store: Store, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.binding.LOOK_EVERY_S", 0.05)
    monkeypatch.setattr("chassis.binding.ANSWER_S", 0.1)
    heard: list[str] = []

    async def hear(message: Msg) -> None:
        heard.append(message.subject)

    await bus.client.subscribe(">", cb=hear)
    first_bus = await Bus.connect(bus_url)
    first = consumer_of(first_bus, Store())
    await first.start()
    await first.reached(await publish(bus, 1, 5), 10)
    await consumer.start()
    await asyncio.sleep(1)
    await first.reached(await publish(bus, 6, 10), 10)
    assert store.kept == []
    await first_bus.close()
    last = await publish(bus, 11, 15)
    await consumer.reached(last, 10)
    assert store.kept == [11, 12, 13, 14, 15]
    assert heard
    await first.stop()


async def test_of_many_replicas_one_goes_on(bus: Bus, bus_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chassis.binding.LOOK_EVERY_S", 0.05)
    buses = [await Bus.connect(bus_url) for _ in range(4)]
    stores = [Store() for _ in buses]
    consumers = [consumer_of(each, store) for each, store in zip(buses, stores, strict=True)]
    await asyncio.gather(*(consumer.start() for consumer in consumers))
    for left in range(4, 1, -1):
        alive = range(4 - left, 4)
        last = await publish(bus, 10 * left + 1, 10 * left + 10)
        await asyncio.gather(*(consumers[number].reached(last, 10) for number in alive))
        kept = [store.kept for store in stores if 10 * left + 1 in store.kept]
        assert [numbers[-10:] for numbers in kept] == [list(range(10 * left + 1, 10 * left + 11))]
        # The one that has them may be any, and goes on to have them: the others end first, but for the last round.
        await consumers[4 - left].stop()
        await buses[4 - left].close()
    await consumers[3].stop()
    await buses[3].close()


async def test_the_next_one_goes_on_where_the_last_one_stopped(bus: Bus, store: Store, consumer: Consumer) -> None:
    await consumer.start()
    await consumer.reached(await publish(bus, 1, 5), 5)
    await consumer.stop()
    assert store.kept == [1, 2, 3, 4, 5]
    last = await publish(bus, 6, 10)
    later = Store()
    successor = consumer_of(bus, later)
    await successor.start()
    assert successor.done == 5
    await successor.reached(last, 5)
    assert later.kept == [6, 7, 8, 9, 10]
    await successor.stop()


async def test_stopping_lets_the_batch_in_hand_be_stored(bus: Bus, store: Store, consumer: Consumer) -> None:
    store.open.clear()
    await publish(bus, 1, 3)
    await consumer.start()
    await eventually(lambda: store.asked == 1)
    stopping = asyncio.create_task(consumer.stop())
    await asyncio.sleep(0)
    store.open.set()
    await stopping
    assert store.kept == [1, 2, 3][: len(store.kept)]
    assert store.kept


async def test_what_was_in_hand_when_it_had_to_stop_comes_again_at_once_and_first(
    bus: Bus, store: Store, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.consumer.STOP_S", 0.05)
    store.open.clear()
    await publish(bus, 1, 5)
    await consumer.start()
    await eventually(lambda: store.asked == 1)
    await consumer.stop()
    last = await publish(bus, 6, 8)
    later = Store()
    successor = consumer_of(bus, later)
    await successor.start()
    await successor.reached(last, 5)
    assert store.kept == []
    assert later.kept == [1, 2, 3, 4, 5, 6, 7, 8]
    await successor.stop()


async def test_what_a_dead_process_had_in_hand_comes_again_at_once_and_first(
    bus: Bus, bus_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.consumer.STOP_S", 0.05)
    dead_bus = await Bus.connect(bus_url)
    dead_store = Store()
    dead = consumer_of(dead_bus, dead_store)
    await dead.start()
    await dead.reached(await publish(bus, 1, 5), 5)
    dead_store.open.clear()
    await publish(bus, 6, 10)
    await eventually(lambda: dead_store.asked > len(dead_store.batches))
    # As the server sees it, a process is dead when its connection is gone.
    await dead_bus.close()

    last = await publish(bus, 11, 15)
    store = Store()
    successor = consumer_of(bus, store)
    await successor.start()
    assert successor.done == 5
    await successor.reached(last, 5)
    assert store.kept == [6, 7, 8, 9, 10, 11, 12, 13, 14, 15]
    await successor.stop()
    await dead.stop()
