"""Builds inference."""

from __future__ import annotations

from chassis.outbox import Relay
from chassis.repeating import Repeating
from chassis.service import Running, Service, Surroundings
from chassis.settings import BadSetting
from services.inference import answer_settings as answering
from services.inference.booked import OUTBOX
from services.inference.chat import Chat, Policy
from services.inference.conversation import Conversation
from services.inference.engines import configured
from services.inference.gpus import LOOK_EVERY_S, found_here
from services.inference.kept import Kept, Limits
from services.inference.outcomes import Outcomes
from services.inference.pool import Pool
from services.inference.prices import MICRO, BadPrices, read_prices
from services.inference.servicer import InferenceServicer
from services.inference.settings import CONCURRENCY, MAX_TOKENS, QUEUE, SETTINGS, START_TIMEOUT_S, TIMEOUT_S
from services.inference.specialists import BadSpecialists, read_specialists
from services.inference.spending import Spending
from services.inference.synthesis import Mode, Synthesizer
from spark.inference.v1 import inference_pb2
from spark.memory.v1.memory_pb2_grpc import MemoryServiceStub

SCHEMA = "inference"
CONNECTIONS = 3
"""Two for the books and what answers were worth, one for what is announced."""
SPEND_EVERY_S = 30.0
GRACE_S = 2.0
"""What generations under way still have at a stop: as much as the doors give calls under way."""


def assemble(given: Surroundings) -> Running:
    """Inference with its engines. None of them holds up the start of the process: Spark is ready without any.

    Raises:
        BadSetting: when a setting cannot be read.
    """
    settings = given.settings
    database = given.database(SCHEMA, CONNECTIONS)
    limits = Limits(settings[CONCURRENCY], settings[QUEUE], settings[START_TIMEOUT_S])
    lazy = configured.lazy(settings)
    kept = [Kept(engine, limits, lazy=engine.name in lazy) for engine in configured.engines(settings, given.home)]
    try:
        prices = read_prices(settings[answering.PRICES])
        specialists = read_specialists(settings[answering.SPECIALISTS])
    except (BadPrices, BadSpecialists) as error:
        raise BadSetting(str(error)) from error
    relay = Relay(database, given.bus, OUTBOX)
    budget = round(MICRO * settings[answering.BUDGET_USD])
    spending = Spending(database, given.clock, budget, prices, relay.wake)
    pool = Pool(kept, settings[TIMEOUT_S], spending)
    policy = Policy(
        settings[answering.GATE],
        settings[answering.CHAT_TIMEOUT_S],
        settings[answering.CHAT_TOKENS],
        settings[answering.AGENT_0_ENGINE],
    )
    synthesizer = Synthesizer(
        pool, Mode(settings[answering.SYNTH_MODE]), settings[answering.SYNTH_TIMEOUT_S], lambda: pool.serving
    )
    memory = MemoryServiceStub(given.channels.to("memory"))

    watches = [Repeating("inference spend", SPEND_EVERY_S, spending.measure)]
    gpus = found_here()
    if gpus is not None:
        watches.append(Repeating("inference GPUs", LOOK_EVERY_S, gpus.look))

    async def begin() -> None:
        pool.begin()
        await relay.start()
        for watch in watches:
            await watch.start()

    async def end() -> None:
        for watch in watches:
            await watch.stop()
        await synthesizer.close()
        await pool.drain(GRACE_S)
        await spending.booked()
        await relay.stop()

    return Running(
        servicer=InferenceServicer(
            pool,
            settings[MAX_TOKENS],
            Chat(pool, specialists, policy),
            Conversation(memory, given.clock),
            synthesizer,
            spending,
            Outcomes(database, given.clock),
        ),
        start=begin,
        stop=end,
        checks={"postgres": database.ping},
    )


SERVICE = Service(
    name="inference",
    contract=inference_pb2.DESCRIPTOR.services_by_name["InferenceService"],
    assemble=assemble,
    package="services.inference",
    schema=SCHEMA,
    settings=(*SETTINGS, *answering.SETTINGS),
)
