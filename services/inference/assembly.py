"""Builds inference."""

from __future__ import annotations

from functools import partial

from chassis.service import Running, Service, Surroundings
from services.inference.engines import configured
from services.inference.kept import Kept, Limits
from services.inference.pool import Pool
from services.inference.servicer import InferenceServicer
from services.inference.settings import CONCURRENCY, MAX_TOKENS, QUEUE, SETTINGS, START_TIMEOUT_S, TIMEOUT_S
from spark.inference.v1 import inference_pb2

GRACE_S = 2.0
"""What generations under way still have at a stop: as much as the doors give calls under way."""


def assemble(given: Surroundings) -> Running:
    """Inference with its engines. None of them holds up the start of the process: Spark is ready without any."""
    settings = given.settings
    limits = Limits(settings[CONCURRENCY], settings[QUEUE], settings[START_TIMEOUT_S])
    lazy = configured.lazy(settings)
    kept = [Kept(engine, limits, lazy=engine.name in lazy) for engine in configured.engines(settings, given.home)]
    pool = Pool(kept, settings[TIMEOUT_S])

    async def begin() -> None:
        pool.begin()

    return Running(
        servicer=InferenceServicer(pool, settings[MAX_TOKENS]), start=begin, stop=partial(pool.drain, GRACE_S)
    )


SERVICE = Service(
    name="inference",
    contract=inference_pb2.DESCRIPTOR.services_by_name["InferenceService"],
    assemble=assemble,
    package="services.inference",
    settings=SETTINGS,
)
