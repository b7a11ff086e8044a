"""What is counted about engines."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

LOAD_SECONDS = Gauge(
    "spark_model_load_time_seconds",
    "From first contact with a model's engine to the end of its warm-up generation, seconds",
    ["model"],
)
STATE = Gauge("spark_engine_ready", "Whether an engine is ready", ["engine"])
GENERATIONS = Counter("spark_generations", "Generations by engine and how they ended", ["engine", "end"])
FIRST_PIECE_SECONDS = Histogram(
    "spark_generation_first_piece_seconds",
    "From the request to its first piece, with the time in the queue",
    ["engine"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)
SHED = Counter("spark_generations_shed", "Requests turned away because the queue was full or too slow", ["engine"])
