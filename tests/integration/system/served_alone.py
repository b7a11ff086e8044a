"""A service in a process of its own, by what it tells of itself and nothing else: no data folder is shared with it."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from tests.integration.system.running_spark import (
    EXIT_SECONDS,
    REPOSITORY,
    START_SECONDS,
    Spark,
    environment_of,
    until,
)


@dataclass(frozen=True)
class Served:
    """The process and where it answers: gRPC as `host:port`, HTTP as a URL, either empty where it has none."""

    process: subprocess.Popen[bytes]
    grpc: str
    http: str
    log: Path

    def metrics(self) -> str:
        return httpx.get(f"{self.http}/metrics").text

    def stored(self) -> bool:
        """Whether it has consumed any event."""
        return re.search(r'^spark_events_consumed_total\{.*result="stored"\}', self.metrics(), re.MULTILINE) is not None

    def children(self) -> list[psutil.Process]:
        """What it has started and runs, the guards left out."""
        found: list[psutil.Process] = []
        for child in psutil.Process(self.process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):  # A zombie too.
                if not any(word.endswith("guard.py") for word in child.cmdline()):
                    found.append(child)
        return found


def engines_and_token(spark: Spark) -> dict[str, str]:
    """What a process elsewhere is given to belong to a Spark."""
    return {
        "SPARK_DATABASE_URL": spark.run.database_url,
        "SPARK_NATS_URL": spark.run.nats_url,
        "SPARK_TOKEN": spark.token,
    }


@contextmanager
def served_alone(folder: Path, *words: str, environment: Mapping[str, str]) -> Generator[Served]:
    """`spark serve WORDS…` on an empty data folder of its own, until the end of the block."""
    home = folder / "-".join(word.strip("-") for word in words)
    home.mkdir(mode=0o700)
    out, log = home.with_suffix(".out"), home.with_suffix(".log")
    with out.open("wb") as output, log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "host.cli", "serve", *words, "--json"],
            cwd=REPOSITORY,
            env=environment_of(home, environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
        )
    try:
        until(
            lambda: out.read_text().endswith("}\n") or process.poll() is not None,
            within=START_SECONDS,
            what="it tells where it is",
        )
        assert process.poll() is None, log.read_text()
        told = json.loads(out.read_text())
        yield Served(process, told["grpc"].removeprefix("grpc://"), told["http"], log)
        if process.poll() is None:
            process.terminate()
            assert process.wait(EXIT_SECONDS) == 0, log.read_text()
        assert "Traceback" not in log.read_text()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
