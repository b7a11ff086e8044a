"""What an operator asks of one process: its state in figures, and the metrics of which alerts and levels are made.

All of it comes from what the process itself has counted; nobody else is asked, and no token is needed, for nothing of
it names a project, a path or a text.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chassis.figures import Chosen, Figures
from chassis.probes import Readiness
from host.health import health, is_error

METRICS = (
    "spark_build_info",
    "spark_dependency_up",
    "spark_alert_firing",
    "spark_service_level",
    "spark_disk_free_bytes",
    "spark_hooks",
    "spark_hook_request_seconds",
    "spark_decisions",
    "spark_hook_seconds",
    "spark_advice_pieces",
    "spark_events_consumed",
    "spark_events_lost",
    "spark_consumer_lag",
    "spark_database_wait_seconds",
    "spark_memory_entries_waiting",
    "spark_memory_entries_lost",
    "spark_prefetch_calls",
    "spark_prefetch_lead_seconds",
    "spark_prefetch_waiting",
    "spark_prefetch_paused",
    "spark_engine_ready",
    "spark_generations",
    "spark_generations_running",
    "spark_generations_waiting",
    "spark_generation_first_piece_seconds",
    "spark_agent0_seconds",
    "spark_tokens",
    "spark_spend_usd",
    "spark_spend_budget_usd",
    "spark_gpu_utilization_ratio",
    "spark_gpu_memory_used_bytes",
    "spark_gpu_memory_size_bytes",
    "spark_spans_lost",
    "process_cpu_seconds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
)
"""Of `/metrics/production`, by the names of their families: a counter's lacks `_total`."""

HOOK_SECONDS = "spark_hook_request_seconds"
QUANTILES = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}


def production_routes(readiness: Readiness, version: str, carried: Sequence[str], began: float) -> list[Route]:
    """The routes `/status/production` and `/metrics/production` of a process that carries these services since `began`,
    by the monotonic clock."""

    async def status(_: Request) -> Response:
        troubles = await readiness.lately()
        told = {
            "version": version,
            "uptime_s": round(time.monotonic() - began, 1),
            "status": "not ready" if troubles else "ready",
            "troubles": troubles,
            "services": list(carried),
            **figures_of(Figures(), carried, ready=not troubles),
        }
        return JSONResponse(told)

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(Chosen(METRICS)), media_type=CONTENT_TYPE_LATEST)

    return [Route("/status/production", status), Route("/metrics/production", metrics)]


def figures_of(figures: Figures, carried: Sequence[str], *, ready: bool) -> dict[str, object]:
    """The figures of these services since the process began; what has not happened yet, or cannot be told, is null.
    `alerts` are those that fire."""
    told: dict[str, object] = {"health": health(figures, ready=ready)}
    told["alerts"] = sorted(name for name, fires in figures.by("spark_alert_firing", "alert").items() if fires)
    told["events_not_stored"] = whole(figures.by("spark_consumer_lag", "consumer"))
    if "gateway" in carried:
        told["hooks"] = hooks_of(figures)
    if "memory" in carried:
        told["memory"] = {"entries_waiting": int(figures.total("spark_memory_entries_waiting"))}
    if "prefetch" in carried:
        told["prefetch"] = {
            "waiting": int(figures.total("spark_prefetch_waiting")),
            "hit_share": figures.share("spark_prefetch_calls_total", lambda labels: labels["prepared"] == "yes"),
        }
    if "inference" in carried:
        told["inference"] = inference_of(figures)
    return told


def hooks_of(figures: Figures) -> dict[str, object]:
    """Of hooks: how many, how long, and the share that ended late or failed."""
    told: dict[str, object] = {
        "answered": int(figures.total("spark_hooks_total")),
        "error_share": figures.share("spark_hooks_total", is_error),
    }
    for name, share in QUANTILES.items():
        seconds = figures.quantile(HOOK_SECONDS, share)
        told[name] = None if seconds is None else round(1000 * seconds, 3)
    return told


def inference_of(figures: Figures) -> dict[str, object]:
    """Of engines: which are ready, what they have to do and have cost today; of GPUs, what these say themselves."""
    told: dict[str, object] = {
        "engines_ready": {name: bool(ready) for name, ready in figures.by("spark_engine_ready", "engine").items()},
        "running": int(figures.total("spark_generations_running")),
        "waiting": int(figures.total("spark_generations_waiting")),
        "spend_today_usd": figures.total("spark_spend_usd"),
        "budget_usd": figures.total("spark_spend_budget_usd"),
    }
    agent_0 = figures.quantile("spark_agent0_seconds", 0.95)
    told["agent0_p95_ms"] = None if agent_0 is None else round(1000 * agent_0, 3)
    if gpus := figures.by("spark_gpu_utilization_ratio", "gpu"):
        told["gpu_utilization"] = gpus
    return told


def whole(values: Mapping[str, float]) -> dict[str, int]:
    """Counts as whole numbers."""
    return {name: int(value) for name, value in values.items()}
