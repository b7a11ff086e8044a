"""What the model takes for granted beside what is measured; each says where it comes from."""

from __future__ import annotations

DEVELOPERS = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)

HOOKS_A_DAY = 1_000
"""Of one developer at work. Guessed, between what transcripts show: see `demand` in measured.json for those that can be
told apart by developer (a sample of the sessions, so too few), and 23,185 calls of at most four developers in 41 days,
141 to 565 a day each, three hooks a call."""

WORKDAYS = 22
"""A month. Guessed."""

BURST = 1.5
"""Within the busiest hour, its busiest minutes over its mean, where many developers are together. Guessed."""

FULL = 0.6
"""Share of a process's CPU that is planned for at the peak; what is left absorbs the loss of a replica. Guessed."""

DAY_S = 86_400
HOUR_S = 3_600
HOURS_A_MONTH = 730
YEAR_WORKDAYS = 12 * WORKDAYS
"""What is kept until forgotten is shown after one year."""

RAW_DAYS, HOUR_DAYS, BUS_DAYS = 14, 400, 7
"""For which Spark keeps what is raw, counts by the hour, and events (docs/architecture.md)."""

SMALL_FROM = 100
"""Developers from which a part must not stop with one process or one zone: two hot replicas, three NATS servers."""

TASK_SIZES = ((0.25, 0.5), (0.5, 1.0), (1.0, 2.0))
"""Fargate's smallest tasks: vCPU, and the GB that go with them. One Python process uses one core at most, and 60 to
110 MB (docs/performance.md)."""

NATS_SIZES = ((0.25, 0.5), (0.5, 1.0), (1.0, 2.0), (2.0, 4.0), (4.0, 8.0), (8.0, 16.0), (16.0, 32.0))

VCPU_OF_ACU = 0.25
"""An ACU is 2 GiB and the CPU that goes with it; a db.r6g has 8 GiB a vCPU. AWS does not say more."""
ACU_LEAST, ACU_MOST = 0.5, 256.0
"""Aurora Serverless v2. It pauses at 0 ACU only when nothing is connected, and Spark's pools stay connected."""
ACU_BYTES = 2 * 1024**3
BYTES_A_CONNECTION = 9_531_392
CONNECTIONS_MOST = 5_000
"""Aurora PostgreSQL's default: max_connections = LEAST(memory / 9531392, 5000)."""

IO_BYTES = 4_096
"""Aurora bills a write of its log by pieces of 4 KiB."""

AURORA_GB = 128 * 1024**4 / 1e9
"""A cluster's volume: 128 TiB; AWS gives newer versions of the engine more."""

WIRE_BYTES = 3_000
"""A hook's request and reply with headers over the balancer. Guessed."""
