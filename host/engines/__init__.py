"""PostgreSQL and NATS inside the data folder, owned by one process and gone with it."""

from host.engines.embedded import Engines, start_engines
from host.engines.engine import Engine, EngineExit
from host.engines.faults import (
    EngineBusy,
    EngineError,
    EngineFailed,
    EngineMissing,
    Unreachable,
    UnsafeFolder,
    WrongMajor,
)
from host.engines.lock import EngineLock
from host.engines.nats import Nats, start_nats
from host.engines.postgres import Postgres, start_postgres

__all__ = [
    "Engine",
    "EngineBusy",
    "EngineError",
    "EngineExit",
    "EngineFailed",
    "EngineLock",
    "EngineMissing",
    "Engines",
    "Nats",
    "Postgres",
    "Unreachable",
    "UnsafeFolder",
    "WrongMajor",
    "start_engines",
    "start_nats",
    "start_postgres",
]
