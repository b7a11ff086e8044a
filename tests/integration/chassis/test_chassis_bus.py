"""The bus on a real NATS: what is acknowledged is kept, what cannot be published fails at once."""

# nats-py leaves **params of its calls untyped.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import time
from statistics import median

import pytest
from nats.js.api import StorageType
from prometheus_client import REGISTRY

from chassis.bus import STREAMS, Bus
from chassis.faults import BusUnavailable
from host.engines import Nats
from tests.integration.chassis.waiting import BUSY_S, eventually

MOMENTS = "spark.moment.v1.observed"


async def publish(bus: Bus, number: int, *, subject: str = MOMENTS, timeout: float = 5) -> tuple[int, bool]:
    ack = await bus.publish("MOMENTS", subject, b"%d" % number, {"Nats-Msg-Id": str(number)}, timeout)
    return ack.sequence, ack.duplicate


def published(result: str) -> float:
    labels = {"stream": "MOMENTS", "result": result}
    return REGISTRY.get_sample_value("spark_events_published_total", labels) or 0.0


async def test_streams_are_as_the_contract_wants_them_however_often_they_are_made(bus: Bus) -> None:
    await bus.ensure_streams()
    for stream in STREAMS:
        config = (await bus.jetstream.stream_info(stream.name)).config
        assert (config.subjects, config.max_bytes) == ([stream.subject], stream.max_bytes)
        assert (config.max_age or 0) == stream.max_age_s
        assert config.max_msgs_per_subject == (stream.per_subject or -1)
        assert config.storage == StorageType.FILE


async def test_a_stream_of_an_older_release_is_brought_up_to_date(bus: Bus) -> None:
    info = await bus.jetstream.stream_info("MOMENTS")
    await publish(bus, 1)
    info.config.max_bytes = 1024 * 1024
    await bus.jetstream.update_stream(info.config)
    await bus.ensure_streams()
    info = await bus.jetstream.stream_info("MOMENTS")
    assert info.config.max_bytes == next(stream.max_bytes for stream in STREAMS if stream.name == "MOMENTS")
    assert info.state.messages == 1


async def test_an_event_is_acknowledged_with_its_place_and_known_when_it_comes_again(bus: Bus) -> None:
    before = published("stored"), published("duplicate")
    assert await publish(bus, 1) == (1, False)
    assert await publish(bus, 2) == (2, False)
    assert await publish(bus, 1) == (1, True)
    assert (await bus.jetstream.stream_info("MOMENTS")).state.messages == 2
    assert (published("stored"), published("duplicate")) == (before[0] + 2, before[1] + 1)
    stored = await bus.jetstream.get_msg("MOMENTS", 2)
    assert stored.data == b"2"


async def test_only_the_last_word_on_a_lesson_is_kept(bus: Bus) -> None:
    for word in (b"first", b"second"):
        for lesson in ("a", "b"):
            await bus.publish("LESSONS", f"spark.memory.v1.lesson_changed.{lesson}", word, {}, 5)
    info = await bus.jetstream.stream_info("LESSONS")
    assert info.state.messages == 2


@pytest.mark.parametrize(
    ("stream", "subject", "size"),
    [("MOMENTS", "spark.memory.v1.lesson_changed", 1), ("MOMENTS", MOMENTS, 2 * 1024 * 1024), ("NONE", "none", 1)],
    ids=["another stream's subject", "too large", "no stream"],
)
async def test_what_jetstream_refuses_is_lost_loudly(bus: Bus, stream: str, subject: str, size: int) -> None:
    with pytest.raises(BusUnavailable, match=r"^NATS: \S"):
        await bus.publish(stream, subject, bytes(size), {}, 5)
    assert await publish(bus, 1) == (1, False)


async def test_a_publisher_without_a_server_fails_at_once_and_goes_on_when_it_is_back(bus: Bus, nats: Nats) -> None:
    assert await publish(bus, 1) == (1, False)
    url = nats.url
    os.kill(nats.pid, signal.SIGKILL)
    await eventually(lambda: not bus.connected)
    before, took = published("disconnected"), list[float]()
    for number in range(20):
        began = time.perf_counter()
        with pytest.raises(BusUnavailable):
            await publish(bus, number)
        took.append(time.perf_counter() - began)
    assert median(took) < 0.05
    assert published("disconnected") == before + 20

    await nats.restart()
    assert nats.url == url
    await eventually(lambda: bus.connected)
    assert await publish(bus, 1) == (1, True)  # Acknowledged before the server was killed, and still known.
    assert await publish(bus, 2) == (2, False)


async def test_a_server_that_stops_answering_costs_no_more_than_the_time_given(bus: Bus, nats: Nats) -> None:
    os.kill(nats.pid, signal.SIGSTOP)
    try:
        began = time.perf_counter()
        with pytest.raises(BusUnavailable):
            await publish(bus, 1, timeout=0.1)
        assert 0.05 < time.perf_counter() - began < 0.1 + BUSY_S
    finally:
        os.kill(nats.pid, signal.SIGCONT)
    assert (await publish(bus, 2))[1] is False


async def test_what_is_under_a_subject_can_be_erased(bus: Bus) -> None:
    for number in range(6):
        await publish(bus, number, subject=f"{MOMENTS}.local.project{number % 2}.s")
    assert await bus.purge("MOMENTS", f"{MOMENTS}.local.project0.>") == 3
    assert await bus.purge("MOMENTS", f"{MOMENTS}.local.project0.>") == 0
    assert (await bus.jetstream.stream_info("MOMENTS")).state.messages == 3


async def test_where_nobody_listens_connecting_says_so_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chassis.bus.CONNECT_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    began = time.perf_counter()
    with pytest.raises(BusUnavailable, match=r"^NATS: \S"):
        await Bus.connect(f"nats://127.0.0.1:{port}")
    assert time.perf_counter() - began < 0.5 + BUSY_S
    left = {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}
    assert not left


async def test_a_token_that_is_not_known_is_refused_in_time(bus_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chassis.bus.CONNECT_S", 0.5)
    began = time.perf_counter()
    with pytest.raises(BusUnavailable, match=r"(?i)authorization"):
        await Bus.connect(re.sub(r"//[^@]+@", "//wrong@", bus_url))
    assert time.perf_counter() - began < 0.5 + BUSY_S


async def test_closing_twice_is_closing_once(bus: Bus) -> None:
    await bus.close()
    await bus.close()
    with pytest.raises(BusUnavailable):
        await publish(bus, 1)
