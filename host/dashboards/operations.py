"""The dashboard of what stands behind the hooks: service levels, alerts, queues, engines, cost, and GPUs where there
are any."""

from __future__ import annotations

from host.alerts.definitions import Alert, Bounded, alerts
from host.alerts.promql import missed_name
from host.alerts.rules import burning_levels
from host.dashboards.advice import quantile, rate
from host.dashboards.panels import INTERVAL, Bound, Json, Panel, Query, Row, dashboard


def operations() -> Json:
    """The dashboard."""
    about = "Service levels and what burns them, alerts, queues, engines, cost and GPUs."
    return dashboard("spark-operations", "Spark: operations", about, [burning(), queues(), engines(), gpus()])


def burning() -> Row:
    """Levels and alerts."""
    panels = [
        Panel(
            "Alerts that fire",
            "In Prometheus",
            [Query('count(ALERTS{alertname=~"Spark.*", alertstate="firing"}) or vector(0)', "alerts")],
            kind="stat",
            bound=Bound(1),
            width=4,
        ),
        Panel(
            "Alerts by process",
            "Those that Spark itself sees",
            [Query("sum by (alert) (spark_alert_firing) > 0", "{{alert}}")],
            width=8,
        ),
        Panel("Not ready", "What does not answer", [Query("1 - spark_dependency_up", "{{dependency}}")], width=12),
    ]
    for level, spans in burning_levels(alerts().values()).items():
        short, long = missed_name(spans[0]), missed_name(spans[-1])
        queries = [
            Query(f'{name}{{level="{level.name}"}}', label) for name, label in ((short, "short span"), (long, "3 days"))
        ]
        bound = Bound(level.budget)
        panels.append(
            Panel(f"Missed: {level.title}", level.measured, queries, unit="percentunit", bound=bound, width=8)
        )
    return Row("Service levels", panels)


def queues() -> Row:
    """What waits."""
    return Row(
        "Queues",
        [
            Panel(
                "Entries to be written",
                "Conversations",
                [Query("sum(spark_memory_entries_waiting)")],
                bound=of("queue"),
            ),
            Panel(
                "Preparations",
                "Asked for and not done; of them at work; paused is 1",
                [
                    Query('max(spark_consumer_lag{consumer="prefetch-worker"})', "asked for"),
                    Query("max(spark_prefetch_waiting)", "at work"),
                    Query("max(spark_prefetch_paused)", "paused"),
                ],
                bound=of("prefetch-queue"),
            ),
            Panel(
                "Consumers' lag",
                "Events in the stream that are not stored",
                [Query("max by (consumer) (spark_consumer_lag)", "{{consumer}}")],
                bound=of("consumer-lag"),
            ),
            Panel(
                "Prefetch: calls expected",
                "Share of the calls that came back and were prepared for",
                [
                    Query(
                        f'sum(rate(spark_prefetch_calls_total{{prepared="yes"}}[{INTERVAL}]))'
                        f" / sum(rate(spark_prefetch_calls_total[{INTERVAL}]))",
                        "hit rate",
                    )
                ],
                unit="percentunit",
            ),
            Panel(
                "Disk free", "Of the data folder", [Query("min(spark_disk_free_bytes)")], unit="bytes", bound=of("disk")
            ),
            Panel("Memory", "Of each process", [Query("process_resident_memory_bytes", "{{instance}}")], unit="bytes"),
        ],
    )


def engines() -> Row:
    """Models and what they cost."""
    return Row(
        "Engines and cost",
        [
            Panel(
                "Spent today",
                "By the books, a day of UTC",
                [Query("max(spark_spend_usd)", "spent"), Query("max(spark_spend_budget_usd)", "budget")],
                unit="currencyUSD",
                bound=of("spend"),
            ),
            Panel(
                "Tokens",
                "Read and written",
                [Query(rate("spark_tokens_total", "engine, direction"), "{{engine}} {{direction}}")],
                unit="ops",
            ),
            Panel(
                "Agent-0, p95",
                "From the question to the whole answer",
                [Query(quantile("spark_agent0_seconds", 0.95, "le"), "p95")],
                unit="s",
                bound=of("agent0-slow"),
            ),
            Panel(
                "Generations",
                "By engine and how they ended",
                [Query(rate("spark_generations_total", "engine, end"), "{{engine}} {{end}}")],
                unit="ops",
            ),
            Panel(
                "First piece, p95",
                "From the request to its first piece",
                [Query(quantile("spark_generation_first_piece_seconds", 0.95, "le, engine"), "{{engine}}")],
                unit="s",
            ),
            Panel(
                "Engines",
                "1 while ready",
                [Query("min by (engine) (spark_engine_ready)", "{{engine}}")],
                bound=of("engine-not-ready"),
            ),
        ],
    )


def gpus() -> Row:
    """GPUs; without one there is no data, and none is made up."""
    return Row(
        "GPUs, where there are any",
        [
            Panel(
                "Utilization",
                "As the GPU says itself",
                [Query("spark_gpu_utilization_ratio", "{{instance}} {{gpu}}")],
                unit="percentunit",
                width=12,
            ),
            Panel(
                "Memory in use",
                "Of what it has",
                [Query("spark_gpu_memory_used_bytes / spark_gpu_memory_size_bytes", "{{instance}} {{gpu}}")],
                unit="percentunit",
                width=12,
            ),
        ],
    )


def of(name: str) -> Bound:
    """The bound of an alert."""
    return bound_of(alerts()[name])


def bound_of(alert: Alert) -> Bound:
    """The same of an alert with one."""
    when = alert.rules[0].when
    assert isinstance(when, Bounded)
    return Bound(when.threshold.bound, when.threshold.above)
