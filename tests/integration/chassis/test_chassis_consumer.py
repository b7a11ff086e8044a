"""Durable consumption on a real NATS: in order, each event stored once, and nothing lost on the way."""

# nats-py leaves **params of its calls untyped.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Sequence

import pytest
from nats.aio.msg import Msg

from chassis.bus import Bus
from chassis.consumer import BATCH, ENOUGH, GATHER_S, Consumer, Delivery, Handler
from chassis.faults import BusUnavailable, DeadlineExceeded, StoreUnavailable
from host.engines import Nats
from tests.integration.chassis.waiting import eventually

SUBJECT = "spark.moment.v1.observed"
NAME = "tester"


async def publish(bus: Bus, first: int, last: int) -> int:
    """Publishes the numbers from `first` to `last`; returns the place of the last one."""
    place = 0
    for number in range(first, last + 1):
        ack = await bus.publish("MOMENTS", f"{SUBJECT}.p{number % 3}", b"%d" % number, {"Nats-Msg-Id": str(number)}, 5)
        place = ack.sequence
    return place


class Store:
    """Keeps whole batches, or refuses them."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.refusals: list[Exception] = []
        """Raised one by one before anything is kept."""
        self.poison: set[int] = set()
        """Numbers that cannot be kept, ever."""
        self.open = asyncio.Event()
        self.open.set()
        self.asked = 0

    @property
    def kept(self) -> list[int]:
        return [number for batch in self.batches for number in batch]

    async def __call__(self, deliveries: Sequence[Delivery]) -> None:
        self.asked += 1
        await self.open.wait()
        if self.refusals:
            raise self.refusals.pop()
        numbers = [int(delivery.data) for delivery in deliveries]
        if self.poison & set(numbers):
            raise ValueError("it cannot be kept")
        self.batches.append(numbers)


def consumer_of(bus: Bus, handler: Handler, gather_s: float = GATHER_S) -> Consumer:
    subjects = [f"{SUBJECT}.>"]
    return Consumer(bus, name=NAME, stream="MOMENTS", subjects=subjects, handler=handler, gather_s=gather_s)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
async def consumer(bus: Bus, store: Store) -> AsyncGenerator[Consumer]:
    """A consumer that is not yet at work."""
    consumer = consumer_of(bus, store)
    yield consumer
    await consumer.stop()


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


async def test_a_place_is_reached_also_when_what_stood_there_was_erased(
    bus: Bus, store: Store, consumer: Consumer
) -> None:
    last = await publish(bus, 1, 6)
    assert await bus.purge("MOMENTS", f"{SUBJECT}.p0") == 2
    await consumer.start()
    assert await consumer.reached(last, 2) >= last
    assert store.kept == [1, 2, 4, 5]


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
