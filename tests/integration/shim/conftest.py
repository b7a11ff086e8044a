"""The shims that are tested: the shipped binary, the same source under sanitizers, and the one in Python."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from gateway.clients.shim.native import native_binary
from gateway.clients.shim.placing import PYTHON_SOURCE
from tests.integration.shim.gateways import TOKEN, Shim, python_shim, write_own

SOURCE = PYTHON_SOURCE.with_name("spark-hook.c")
SANITIZED = ["-std=c11", "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined"]


@pytest.fixture(scope="session")
def gcc() -> str:
    found = shutil.which("gcc")
    if found is None:
        pytest.skip("THE NATIVE SHIM IS NOT TESTED UNDER SANITIZERS: there is no gcc on this machine")
    return found


@pytest.fixture(scope="session")
def sanitized(gcc: str, tmp_path_factory: pytest.TempPathFactory) -> Shim:
    program = tmp_path_factory.mktemp("sanitized") / "spark-hook"
    subprocess.run([gcc, *SANITIZED, "-fno-sanitize-recover=all", "-o", str(program), str(SOURCE)], check=True)
    return Shim("sanitized", (str(program),))


@pytest.fixture(scope="session")
def native() -> Shim:
    binary = native_binary()
    if binary is None:
        assert not os.environ.get("CI"), "in CI the native shim is tested"
        pytest.skip("THE NATIVE SHIM IS NOT TESTED: none is shipped for this machine")
    return Shim("native", (str(binary),))


@pytest.fixture(params=["native", "sanitized", "python"])
def shim(request: pytest.FixtureRequest) -> Shim:
    """Each of them in turn: they behave the same."""
    if request.param == "python":
        return python_shim(PYTHON_SOURCE)
    found: Shim = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "spark ü home's"
    home.mkdir(mode=0o700)
    write_own(home / "token", TOKEN.encode() + b"\n")
    return home


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the socket lies: its path has to fit into 107 bytes."""
    return tmp_path_factory.mktemp("s")
