"""The processes that are measured: each a child of this one, ended with it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from host.home import Run, read_run

PATIENCE_S = 30.0


@contextmanager
def child(
    module: str, *words: str, home: Path | None = None, settings: Mapping[str, str] | None = None
) -> Generator[subprocess.Popen[str]]:
    """A Python module run as a program for the time of the block, without any SPARK_ setting but those given."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SPARK_")}
    if home is not None:
        environment |= {"SPARK_HOME": str(home), "SPARK_LOG_LEVEL": "WARNING", **(settings or {})}
    command = [sys.executable, "-m", module, *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE_S)
        finally:
            process.kill()
            if process.stdout is not None:
                process.stdout.close()


@contextmanager
def floor(module: str) -> Generator[int]:
    """A floor's server; gives its port."""
    with child(module) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())


@contextmanager
def system(home: Path, settings: Mapping[str, str] | None = None, *words: str) -> Generator[Run]:
    """The whole of Spark on a data folder, as `spark up` starts it with more words; gives how to reach it.

    Raises:
        RuntimeError: when it is not ready within 30 s.
    """
    ports = ("--http-port", "0", "--grpc-port", "0")
    with child("host.cli", "up", *ports, *words, home=home, settings=settings) as process:
        yield told(process, home)


@contextmanager
def connected(home: Path, shared: Run, token: str) -> Generator[Run]:
    """A machine that is connected to a shared Spark; gives how to reach it.

    Raises:
        RuntimeError: when it is not within 30 s.
    """
    settings = {"SPARK_FLEET_TOKEN": token, "SPARK_HTTP_PORT": "0"}
    home.mkdir(mode=0o700)
    with child("host.cli", "connect", shared.http, home=home, settings=settings) as process:
        yield told(process, home)


def told(process: subprocess.Popen[str], home: Path) -> Run:
    """What a process says of itself once it is ready.

    Raises:
        RuntimeError: when it is not within 30 s.
    """
    give_up = time.monotonic() + PATIENCE_S
    while (run := read_run(home)) is None:
        if process.poll() is not None or time.monotonic() > give_up:
            raise RuntimeError("spark did not become ready")
        time.sleep(0.02)
    return run
