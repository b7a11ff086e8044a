"""Prints what waits on the bus as metric data of CloudWatch. Runs on the instance, each minute, with Python alone.

figures.py http://127.0.0.1:8222 /data
"""

from __future__ import annotations

import json
import shutil
import sys
import urllib.request
from typing import Any

PREPARING = "prefetch-worker"
"""The consumer whose work may wait longest; it has an alert of its own in chassis/slo.yaml."""

DEAD_LETTERS = "DEAD_LETTERS"


def main(monitor: str, folder: str) -> None:
    """Asks the monitor of NATS at `monitor`, and the disk that `folder` is on.

    Raises:
        OSError: when the monitor does not answer; then nothing is printed, and CloudWatch misses a minute.
    """
    asked = f"{monitor}/jsz?accounts=true&streams=true&consumers=true"
    with urllib.request.urlopen(asked, timeout=5) as answer:  # noqa: S310
        accounts: list[dict[str, Any]] = json.load(answer).get("account_details") or []
    streams = parts(accounts, "stream_detail")
    # As chassis counts it: not delivered yet, and delivered but not stored.
    waiting: list[tuple[str, int]] = [
        (consumer["name"], consumer["num_pending"] + consumer["num_ack_pending"])
        for consumer in parts(streams, "consumer_detail")
    ]
    # Workers make the consumers: what lies there before the first of them came waits too.
    unasked = [
        stream["state"]["messages"]
        for stream in streams
        if stream["name"] != DEAD_LETTERS and not stream.get("consumer_detail")
    ]
    figures = {
        "Waiting": sum(count for _, count in waiting) + sum(unasked),
        "LearningBehind": max((count for name, count in waiting if name != PREPARING), default=0),
        "PreparationsWaiting": max((count for name, count in waiting if name == PREPARING), default=0),
        "DeadLetters": sum(stream["state"]["messages"] for stream in streams if stream["name"] == DEAD_LETTERS),
    }
    data: list[dict[str, Any]] = [
        {"MetricName": name, "Value": value, "Unit": "Count"} for name, value in figures.items()
    ]
    data.append({"MetricName": "StoreFree", "Value": shutil.disk_usage(folder).free, "Unit": "Bytes"})
    print(json.dumps(data))


def parts(of: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """All that stands under a name in each; what has none is left out by NATS."""
    found: list[list[dict[str, Any]]] = [each.get(name) or [] for each in of]
    return [part for some in found for part in some]


if __name__ == "__main__":
    main(*sys.argv[1:])
