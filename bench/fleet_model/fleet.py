"""The processes and engines that carry a load, and what they cost by list price."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from bench.fleet_model import assumptions as given
from bench.fleet_model import prices
from bench.fleet_model.coefficients import BEHIND, Coefficients
from bench.fleet_model.load import Load
from gateway.assembly import CONNECTIONS as OF_GATEWAY
from services.inference.assembly import CONNECTIONS as OF_INFERENCE
from services.memory.assembly import CONNECTIONS as OF_MEMORY
from services.packets.assembly import CONNECTIONS as OF_PACKETS
from services.packets.assembly import CONNECTIONS_BEHIND as OF_PACKETS_BEHIND
from services.prefetch.assembly import CONNECTIONS as OF_PREFETCH
from services.telemetry.assembly import CONNECTIONS as OF_TELEMETRY
from services.telemetry.assembly import EXPORTS

OF_HOT = OF_GATEWAY + OF_PACKETS + OF_PACKETS_BEHIND
OF_BEHIND = OF_PACKETS + OF_PACKETS_BEHIND + OF_MEMORY + OF_PREFETCH + OF_TELEMETRY + EXPORTS + OF_INFERENCE
"""Connections of all processes behind, one of each service."""

THREE = 3
"""Servers of a NATS cluster, each with all of a stream, and each with the CPU that one alone would take."""


@dataclass(frozen=True)
class Tasks:
    """So many containers of one size."""

    number: int
    vcpu: float
    gb: float

    @property
    def month(self) -> float:
        """US dollars."""
        hour = self.vcpu * prices.FARGATE_VCPU_HOUR + self.gb * prices.FARGATE_GB_HOUR
        return self.number * hour * given.HOURS_A_MONTH


@dataclass(frozen=True)
class Cost:
    """US dollars a month."""

    hot: float
    behind: float
    postgres: float
    nats: float
    edge: float
    """The load balancer, the way out, secrets, alarms, logs."""

    @property
    def month(self) -> float:
        """All of it."""
        return self.hot + self.behind + self.postgres + self.nats + self.edge


@dataclass(frozen=True)
class Fleet:
    """What carries a load."""

    hot: Tasks
    behind: Tasks
    nats: Tasks
    acu_peak: float
    acu_mean: float
    connections: int
    max_connections: int
    """Of an Aurora that may grow to `acu_peak`."""
    cost: Cost


def fleet(load: Load, of: Coefficients) -> Fleet:
    """The least that carries a load at its peak with something to spare, as if nothing broke on the way."""
    safe = load.developers >= given.SMALL_FROM
    hot = tasks(load.hooks_peak * of.cpu.hot / 1000, 2 if safe else 1)
    needed = load.hooks_peak * of.events_share * of.cpu.behind / 1000
    # Small ones share one process; else each service has its own, and those that consume more than one.
    behind = tasks(needed, len(BEHIND) if safe else 1)
    nats_cores = load.hooks_peak * of.events_share * of.cpu.nats / 1000 / given.FULL
    clusters = ceil(nats_cores / given.NATS_SIZES[-1][0])
    nats = Tasks((THREE if safe else 1) * clusters, *least(given.NATS_SIZES, nats_cores / clusters))
    acu_peak = acu(load.hooks_peak * of.events_share * of.cpu.postgres)
    acu_mean = acu(load.hooks * of.events_share * of.cpu.postgres)
    connections = hot.number * OF_HOT + ceil(behind.number / len(BEHIND)) * OF_BEHIND
    max_connections = min(given.CONNECTIONS_MOST, int(max(acu_peak, 1.0) * given.ACU_BYTES / given.BYTES_A_CONNECTION))
    cost = Cost(hot.month, behind.month, postgres(load, acu_mean, of), nats_month(load, nats), edge(load, hot, behind))
    return Fleet(hot, behind, nats, acu_peak, acu_mean, connections, max_connections, cost)


def tasks(cores: float, at_least: int) -> Tasks:
    """Tasks for so much CPU, of the least size that does, none of more than a core."""
    number = max(at_least, ceil(cores / given.FULL))
    return Tasks(number, *least(given.TASK_SIZES, cores / given.FULL / number))


def least(sizes: tuple[tuple[float, float], ...], cores: float) -> tuple[float, float]:
    """The least size with so much CPU; the greatest where none has."""
    return next((size for size in sizes if size[0] >= cores), sizes[-1])


def acu(milliseconds_a_second: float) -> float:
    """Aurora's capacity units for so much CPU, without a limit above."""
    wanted = milliseconds_a_second / 1000 / given.FULL / given.VCPU_OF_ACU
    return max(given.ACU_LEAST, ceil(2 * wanted) / 2)


def postgres(load: Load, acu_mean: float, of: Coefficients) -> float:
    """Aurora Serverless v2, the cheaper of its two tariffs."""
    writes = load.developers * given.HOOKS_A_DAY * given.WORKDAYS * of.events_share * of.wal_bytes / given.IO_BYTES
    standard = acu_mean * given.HOURS_A_MONTH * prices.ACU_HOUR + load.stored_gb * prices.AURORA_GB_MONTH
    standard += writes / 1e6 * prices.AURORA_MILLION_IO
    optimized = acu_mean * given.HOURS_A_MONTH * prices.OPTIMIZED_ACU_HOUR + load.stored_gb * prices.OPTIMIZED_GB_MONTH
    return min(standard, optimized)


def nats_month(load: Load, servers: Tasks) -> float:
    """Servers with a disk each."""
    copies = min(servers.number, THREE)
    return servers.month + copies * max(10.0, load.stream_gb) * prices.DISK_GB_MONTH


def edge(load: Load, hot: Tasks, behind: Tasks) -> float:
    """What stands around."""
    by_bytes = load.hooks * given.WIRE_BYTES * given.HOUR_S / prices.LCU_BYTES_HOUR
    units = max(by_bytes, load.developers / prices.LCU_CONNECTIONS)
    balancer = (prices.ALB_HOUR + units * prices.LCU_HOUR) * given.HOURS_A_MONTH
    logs = (hot.number + behind.number) * prices.LOG_BYTES_A_PROCESS_DAY * 30 / 1e9 * prices.LOG_GB
    watched = prices.SECRETS * prices.SECRET_MONTH + prices.ALARMS * prices.ALARM_MONTH
    return balancer + prices.NAT_HOUR * given.HOURS_A_MONTH + logs + watched
