"""Builds packets."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from chassis.consumer import AT_ONCE_S, Consumer
from chassis.outbox import Relay
from chassis.service import Running, Service, Surroundings
from services.packets.announcing import OUTBOX
from services.packets.counting import ShownCounts
from services.packets.feedback import Feedback
from services.packets.learning import DECIDED, OBSERVED, OUTCOMES, Learning
from services.packets.library import HEARD, Library
from services.packets.preparations import Preparations
from services.packets.servicer import PacketsServicer
from services.packets.settings import HALF_LIFE_DAYS, SETTINGS
from spark.packets.v1 import packets_pb2

SCHEMA = "packets"
CONNECTIONS = 2
CONNECTIONS_BEHIND = 3
"""For what is learnt and announced behind the hooks: a transaction there must not hold up a lookup."""


def assemble(given: Surroundings) -> Running:
    """Packets with the consumers that materialise lessons and that follow advice to its outcome, which is announced."""
    database = given.database(SCHEMA, CONNECTIONS)
    counts = ShownCounts(database)
    half_life = timedelta(days=given.settings[HALF_LIFE_DAYS])
    library = Library(database, counts, given.clock, half_life)
    consumer = Consumer(
        given.bus,
        name="packets",
        stream=HEARD.stream,
        subjects=[f"{HEARD.subject}.>"],
        handler=library.hear,
        stored=library.heard,
        gather_s=AT_ONCE_S,
    )
    behind = given.database(SCHEMA, CONNECTIONS_BEHIND)
    relay = Relay(behind, given.bus, OUTBOX)
    learning = Learning(behind, given.clock, half_life, relay.wake)
    feedback = Feedback(behind, given.clock, half_life, relay.wake)
    decisions = Consumer(
        given.bus,
        name="packets-decisions",
        stream=DECIDED.stream,
        subjects=[f"{DECIDED.subject}.>"],
        handler=learning.hear_decisions,
        gather_s=AT_ONCE_S,
    )
    outcomes = Consumer(
        given.bus,
        name="packets-outcomes",
        stream=OBSERVED.stream,
        subjects=OUTCOMES,
        handler=learning.hear_moments,
    )

    async def start() -> None:
        await asyncio.gather(counts.start(), relay.start())

    async def stop() -> None:
        await asyncio.gather(counts.stop(), relay.stop())

    return Running(
        servicer=PacketsServicer(library, Preparations(database, given.clock), feedback, consumer),
        consumers=(consumer, decisions, outcomes),
        start=start,
        stop=stop,
        checks={"postgres": database.ping},
    )


SERVICE = Service(
    name="packets",
    contract=packets_pb2.DESCRIPTOR.services_by_name["PacketsService"],
    assemble=assemble,
    package="services.packets",
    schema=SCHEMA,
    settings=SETTINGS,
)
