"""A copy of the configuration for the tests of a file, and an API of AWS on loopback for it to be applied to."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.integration.terraform import program

START_SECONDS = 60.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/integration/terraform/" in item.path.as_posix():
            item.add_marker(pytest.mark.terraform)


@pytest.fixture(scope="session", autouse=True)
def everything_is_there() -> None:
    """Where terraform or moto is missing the tests are skipped, but under CI they fail: there they must run."""
    lacking = program.missing()
    if lacking is None and importlib.util.find_spec("moto") is None:
        lacking = "moto is not installed, so there is no AWS to apply to: make aws"
    if lacking and os.environ.get("CI"):
        pytest.fail(lacking)
    if lacking:
        pytest.skip(lacking)


@pytest.fixture(scope="module")
def tree(everything_is_there: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of infra/terraform."""
    return program.copied(tmp_path_factory.mktemp("repository"))


@pytest.fixture(scope="module")
def endpoint(everything_is_there: None, tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """The API of AWS, empty, in a process of its own."""
    log = tmp_path_factory.mktemp("aws") / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("aws_api.py")), "0"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield listening_at(process, log)
    finally:
        process.kill()
        process.wait()


def listening_at(process: subprocess.Popen[bytes], log: Path) -> str:
    """Waits until it says where it listens."""
    began = time.monotonic()
    while True:
        said = log.read_text(errors="replace")
        if found := re.search(r"Running on (http://127\.0\.0\.1:\d+)", said):
            return found.group(1)
        assert process.poll() is None, said
        assert time.monotonic() - began < START_SECONDS, said
        time.sleep(0.05)
