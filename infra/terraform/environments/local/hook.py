"""Sends one hook through the gateway, and waits until a worker has stored what it told.

    hook.py GATEWAY WORKER

SPARK_TOKEN opens the gateway. Exit status 0 when the hook was answered and stored.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
import urllib.request

PATIENCE_SECONDS = 30.0


def main(gateway: str, worker: str) -> int:
    """Returns the exit status.

    Raises:
        OSError: when gateway or worker do not answer.
    """
    before = stored(worker)
    session = f"load-path-{time.time_ns()}"
    hook = {"hook_event_name": "UserPromptSubmit", "session_id": session, "cwd": "/", "prompt": "hello"}
    request = urllib.request.Request(  # noqa: S310
        f"{gateway}/v1/hooks/claude-code",
        json.dumps(hook).encode(),
        {"content-type": "application/json", "authorization": f"Bearer {os.environ['SPARK_TOKEN']}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        json.load(answer)
    give_up = time.monotonic() + PATIENCE_SECONDS
    while stored(worker) <= before:
        if time.monotonic() > give_up:
            print(f"a hook was answered, and {worker} has stored nothing of it after {PATIENCE_SECONDS} s")
            return 1
        time.sleep(0.2)
    return 0


def stored(worker: str) -> float:
    """How many events a worker has stored since it began."""
    with urllib.request.urlopen(f"{worker}/metrics", timeout=10) as answer:  # noqa: S310
        text = answer.read().decode()
    counts = re.findall(r'^spark_events_consumed_total\{[^}]*result="stored"[^}]*\} (\S+)$', text, re.MULTILINE)
    return sum(map(float, counts))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
