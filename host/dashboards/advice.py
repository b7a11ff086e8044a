"""The dashboard of hooks and advice: whether they are fast, and what is said or held back, and why."""

from __future__ import annotations

from chassis.measures import Share
from chassis.service_levels import MILLISECONDS, levels
from host.alerts.promql import selected
from host.dashboards.panels import INTERVAL, Bound, Json, Panel, Query, Row, dashboard

HOOKS, ENDS = "spark_hook_request_seconds", "spark_hooks_total"


def advice() -> Json:
    """The dashboard."""
    about = "How fast hooks are answered, by which route, what is said and what is held back, and why."
    return dashboard("spark-advice", "Spark: hooks and advice", about, [hooks(), decisions(), bus()])


def hooks() -> Row:
    """Latency and errors."""
    bound = Bound(levels()["hook_p95"].level / MILLISECONDS)
    quantiles = [Query(quantile(HOOKS, q, "le"), f"p{100 * q:g}") for q in (0.5, 0.95, 0.99)]
    clients = [Query(quantile(HOOKS, 0.95, "le, client"), "{{client}}")]
    failed = f'sum by (end) (rate(spark_hooks_total{{end=~"late|failed|unusable.*"}}[{INTERVAL}]))'
    return Row(
        "Hooks",
        [
            Panel("Latency", "From a hook's arrival to its reply", quantiles, unit="s", bound=bound),
            Panel("Latency by client, p95", "The same by agent", clients, unit="s", bound=bound),
            Panel("Hooks that went wrong", "Late, failed, or not to be read", [Query(failed, "{{end}}")], unit="ops"),
            Panel(
                "Hooks", "By event", [Query(rate("spark_hooks_total", "event"), "{{event}}")], unit="ops", stacked=True
            ),
            Panel("Hooks by end", "How they ended", [Query(rate(ENDS, "end"), "{{end}}")], unit="ops"),
            Panel(
                "Calls of services that failed",
                "Between services, by reason",
                [Query(f'sum by (method, reason) (rate(spark_rpc_calls_total{{reason!="OK"}}[{INTERVAL}]))', "")],
                unit="ops",
            ),
        ],
    )


def decisions() -> Row:
    """Routes, what is said, and why not."""
    counted = "spark_decisions_total"
    said = f'sum(rate({counted}{{silence="none"}}[{INTERVAL}]))'
    held = f'sum(rate({counted}{{silence!="none"}}[{INTERVAL}]))'
    reasons = Query(f'sum by (silence) (rate({counted}{{silence!="none"}}[{INTERVAL}]))', "{{silence}}")
    shares = [
        Query(
            f"sum(rate({selected(level.measure.chosen)}[{INTERVAL}]))"
            f" / sum(rate({selected(level.measure.among)}[{INTERVAL}]))",
            level.title,
        )
        for level in levels().values()
        if isinstance(level.measure, Share) and level.measure.among.metric == counted
    ]
    return Row(
        "Decisions",
        [
            Panel("Routes", "By which route", [Query(rate(counted, "route"), "{{route}}")], unit="ops", stacked=True),
            Panel(
                "Said and not said",
                "Decisions with advice and without",
                [Query(said, "said"), Query(held, "not said")],
                unit="ops",
                stacked=True,
            ),
            Panel(
                "Why nothing was said",
                "By reason of silence",
                [reasons],
                unit="ops",
                stacked=True,
            ),
            Panel("Shares of decisions", "As the service levels count them", shares, unit="percentunit"),
            Panel(
                "Pieces of advice",
                "By where they came from",
                [Query(rate("spark_advice_pieces_total", "source"), "{{source}}")],
                unit="ops",
                stacked=True,
            ),
            Panel(
                "Levels of the last day",
                "As the telemetry service works them out of its store",
                [Query('spark_service_level{level=~".*_share|first_call_packets|error_rate"}', "{{level}}")],
                unit="percentunit",
            ),
        ],
    )


def bus() -> Row:
    """What goes over the bus."""
    published, consumed = "spark_events_published_total", "spark_events_consumed_total"
    return Row(
        "Events",
        [
            Panel("Published", "By stream and result", [Query(rate(published, "stream, result"), "")], unit="ops"),
            Panel("Consumed", "By consumer and result", [Query(rate(consumed, "consumer, result"), "")], unit="ops"),
            Panel(
                "Lost and set aside",
                "Events that could not be published, and dead letters, in an hour",
                [
                    Query("sum(increase(spark_events_lost_total[1h]))", "lost"),
                    Query('sum(increase(spark_events_consumed_total{result="dead"}[1h]))', "dead letters"),
                ],
                bound=Bound(1),
            ),
        ],
    )


def rate(metric: str, by: str) -> str:
    """How many a second, by labels."""
    return f"sum by ({by}) (rate({metric}[{INTERVAL}]))"


def quantile(histogram: str, q: float, by: str) -> str:
    """A quantile by labels, the edge of buckets among them."""
    return f"histogram_quantile({q:g}, sum by ({by}) (rate({histogram}_bucket[{INTERVAL}])))"
