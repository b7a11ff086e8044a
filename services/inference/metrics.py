"""What is counted about engines."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from chassis.edges import AGENT_0_EDGES_S

LOAD_SECONDS = Gauge(
    "spark_model_load_time_seconds",
    "From first contact with a model's engine to the end of its warm-up generation, seconds",
    ["model"],
)
RUNNING = Gauge("spark_generations_running", "Generations that an engine is at", ["engine"])
WAITING = Gauge("spark_generations_waiting", "Generations that wait for an engine", ["engine"])
STATE = Gauge("spark_engine_ready", "Whether an engine is ready", ["engine"])
GENERATIONS = Counter("spark_generations", "Generations by engine and how they ended", ["engine", "end"])
FIRST_PIECE_SECONDS = Histogram(
    "spark_generation_first_piece_seconds",
    "From the request to its first piece, with the time in the queue",
    ["engine"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.4, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)
SHED = Counter("spark_generations_shed", "Requests turned away because the queue was full or too slow", ["engine"])
TOKENS = Counter("spark_tokens", "Tokens by engine, read (`input`) or written (`output`)", ["engine", "direction"])
SPEND = Gauge("spark_spend_usd", "What hosted engines have cost today, a day of UTC, by the books, US dollars")
BUDGET = Gauge("spark_spend_budget_usd", "What hosted engines may cost a day, US dollars")
AGENT_0_SECONDS = Histogram(
    "spark_agent0_seconds",
    "From the question to the complete answer of Agent-0; one that was too late counts with the time it was given",
    buckets=AGENT_0_EDGES_S,
)
GPU_UTILIZATION = Gauge(
    "spark_gpu_utilization_ratio", "Share of the last seconds in which the GPU was at work, as it says itself", ["gpu"]
)
GPU_MEMORY_USED = Gauge("spark_gpu_memory_used_bytes", "Memory of the GPU in use, as it says itself", ["gpu"])
GPU_MEMORY_SIZE = Gauge("spark_gpu_memory_size_bytes", "Memory that the GPU has, as it says itself", ["gpu"])
