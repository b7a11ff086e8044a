"""Prints what waits on the bus as metric data of CloudWatch, JSON. Runs on the instance, each minute, with Python alone.

    figures.py http://127.0.0.1:8222 /data
"""

import json
import shutil
import sys
import urllib.request

PREPARING = "prefetch-worker"
"""The consumer whose work may wait longest; it has an alert of its own in chassis/slo.yaml."""

DEAD_LETTERS = "DEAD_LETTERS"


def main(monitor, folder):
    with urllib.request.urlopen(f"{monitor}/jsz?accounts=true&streams=true&consumers=true", timeout=5) as answer:  # noqa: S310
        accounts = json.load(answer).get("account_details") or []
    streams = [stream for account in accounts for stream in account.get("stream_detail") or []]
    waiting = [
        (consumer["name"], consumer["num_pending"] + consumer["num_ack_pending"])
        for stream in streams
        for consumer in stream.get("consumer_detail") or []
    ]
    dead = [stream["state"]["messages"] for stream in streams if stream["name"] == DEAD_LETTERS]
    figures = {
        "Waiting": sum(count for _, count in waiting),
        "LearningBehind": max((count for name, count in waiting if name != PREPARING), default=0),
        "PreparationsWaiting": max((count for name, count in waiting if name == PREPARING), default=0),
        "DeadLetters": sum(dead),
    }
    data = [{"MetricName": name, "Value": value, "Unit": "Count"} for name, value in figures.items()]
    data.append({"MetricName": "StoreFree", "Value": shutil.disk_usage(folder).free, "Unit": "Bytes"})
    print(json.dumps(data))


if __name__ == "__main__":
    main(*sys.argv[1:])
