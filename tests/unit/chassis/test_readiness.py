"""What is told of what a process needs: by name, without a place on this machine, and asked once for many."""

from __future__ import annotations

import asyncio

import pytest

from chassis.faults import StoreUnavailable
from chassis.probes import Readiness


async def well() -> None:
    """Answers."""


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (
            "Postgres: [Errno 2] No such file: '/home/ada/.spark/run/.s.PGSQL.5432'",
            "Postgres: [Errno 2] No such file: '…'",
        ),
        ("cannot write ~/secret/place, nor /srv/x", "cannot write …, nor …"),
        ("Connect call failed ('127.0.0.1', 5432)", "Connect call failed ('127.0.0.1', 5432)"),
        ("NATS: nats://127.0.0.1:4222 and/or 3/4 MiB", "NATS: nats://127.0.0.1:4222 and/or 3/4 MiB"),
    ],
)
async def test_a_trouble_names_no_place_on_this_machine(message: str, told: str) -> None:
    async def away() -> None:
        raise StoreUnavailable(message)

    assert await Readiness({"nats": well, "postgres": away}).troubles() == {"postgres": told}


async def test_many_who_ask_at_once_cost_one_look() -> None:
    looks = 0

    async def look() -> None:
        nonlocal looks
        looks += 1
        await asyncio.sleep(0)
        raise StoreUnavailable("away")

    readiness = Readiness({"postgres": look})
    answers = await asyncio.gather(*(readiness.lately() for _ in range(50)))
    assert answers == [{"postgres": "away"}] * 50
    assert looks == 1
    await readiness.troubles()
    assert looks == 2
