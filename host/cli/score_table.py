"""The report of a scored replay as a table: each measure with its interval, and what simple rules reach."""

from __future__ import annotations

from typing import Any

import click

from host.cli.layout import count, say

LABEL, FIGURE, INTERVAL = 24, 23, 11
"""Columns; what the baselines reach has the rest of 80."""
NONE = "-"

Document = dict[str, Any]


def tell_scores(report: Document) -> None:
    """Prints the measures beside the baselines, and the curves."""
    measures, baselines, inputs = report["measures"], report["baselines"], report["inputs"]
    recent, markov = baselines["most_recent_error"], baselines["markov"]
    history = "with" if report["run"]["own_history"] else "without"
    made = f"{count(inputs['calls'], 'call')} of {count(inputs['sessions'], 'session')}"
    say(f"{made}; {inputs['failing']} calls failed; {history} the project's own history.")
    click.echo()
    line("Measure", "this run", "95 %", "simple rules")
    warned, with_call = measures["warned"], measures["warned"]["with_call"]
    line("warned in time", of(warned), interval(warned), f"{figure(recent['warned']['share'])} recent error")
    ahead = warned["not_at_a_failure"]
    rules = f"{figure(recent['warned']['not_at_a_failure']['share'])} recent error"
    line("  not at a failure", of(ahead), interval(ahead), rules)
    line("  with the call", of(with_call), interval(with_call), "")
    noise = measures["noise"]
    said = f"{noise['per_100_calls']:.1f} of {noise['delivered']} said"
    line("noise per 100 calls", said, "", f"{recent['noise']['per_100_calls']:.0f} recent error")
    rules = f"{figure(baselines['common_words']['fixed']['share'])} common words"
    for source, pieces in measures["by_source"].items():
        idle = pieces["delivered"] - pieces["borne_out"]
        line(f"  {source.replace('_', ' ')}", f"{100 * idle / inputs['calls']:.1f} of {pieces['delivered']}", "", "")
    line("fixed", of(measures["fixed"]), interval(measures["fixed"]), rules)
    line("", "", "", f"{figure(recent['fixed']['share'])} recent error")
    failing, rate = measures["failure_prediction"], baselines["failure_rate"]
    rules = f"{figure(rate['by_target_class']['auc'])} by class"
    line("failure prediction, AUC", figure(failing and failing["auc"]), interval(failing), rules)
    line("", "", "", f"{figure(rate['by_full_target']['auc'])} by target")
    following = measures["next_call"]
    # Of the words in which Markov can be counted, those in which it does better.
    shares = [found["share"] for found in markov["next_call"].values() if found["share"] is not None]
    line("next call in 3", of(following), interval(following), f"{figure(max(shares, default=None))} Markov")
    click.echo()
    line("Routes", "failed before", "", "something found")
    routes = measures["routes"]
    for name, share, whole in (
        ("  out of packets", "packets_share", "applicable"),
        ("  by a model", "live_share", "applicable"),
        ("  first call, packets", "first_calls_share", "first_calls"),
    ):
        found, before = routes["found"], routes["failed_before"]
        line(name, f"{figure(before[share])} of {before[whole]}", "", f"{figure(found[share])} of {found[whole]}")
    line("  answered at all", of(routes["answered"]), "", "")
    click.echo()
    line("Warned at noise", *(f"{noise:>5}" for noise in report["curve"]["warned_at_noise"]), width=8)
    for name, curve in (("  this run, thresholded", report["curve"]), ("  Markov x failure rate", markov)):
        points = curve["warned_at_noise"].values()
        line(name, *(f"{figure(point and point['warned']):>5}" for point in points), width=8)
    click.echo()


def line(label: str, *cells: str, width: int = 0) -> None:
    """One line of the table."""
    widths = [width] * len(cells) if width else [FIGURE, INTERVAL, 0]
    # A cell that is wider than its column still ends with a space.
    text = "".join(f"{cell:<{max(0, columns - 1)}} " for cell, columns in zip(cells, widths, strict=True))
    click.echo(f"{label:<{LABEL}}{text}".rstrip())


def figure(value: float | None) -> str:
    """A share or an area; a dash where there is none."""
    return NONE if value is None else f"{value:.2f}"


def of(found: Document | None) -> str:
    """A share with its counts."""
    return (
        NONE if found is None or found["share"] is None else f"{found['share']:.2f} ({found['count']} of {found['of']})"
    )


def interval(found: Document | None) -> str:
    """An interval."""
    bounds = found["interval"] if found is not None else None
    return f"{bounds[0]:.2f}-{bounds[1]:.2f}" if bounds else ""
