"""SIGTERM to `spark` as the first process of a container, for which the kernel has no default."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

LOADING = """
import os, signal
from host.cli import main as cli
os.getpid = lambda: {pid}
def load(name):
    print("loading", flush=True)
    signal.pause()
cli.import_module = load
cli.main(["serve", "packets"])
"""


@pytest.mark.parametrize(("pid", "status"), [(1, 128 + signal.SIGTERM), (2, -signal.SIGTERM)])
def test_it_ends_while_it_loads(pid: int, status: int) -> None:
    words = [sys.executable, "-c", LOADING.format(pid=pid)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "loading\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == status
