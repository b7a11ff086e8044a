"""The generated code stands in step with the contract, and a change on either side is noticed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from protos import generate


def check(protos: Path) -> subprocess.CompletedProcess[str]:
    """Runs the check as the build does."""
    command = [sys.executable, str(protos / "generate.py"), "--check"]
    return subprocess.run(command, check=False, capture_output=True, text=True)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A tree of our own: contract and generated code."""
    ignored = shutil.ignore_patterns("__pycache__", ".deps")
    for folder in (generate.PROTOS, generate.CONTRACTS):
        shutil.copytree(folder, tmp_path / folder.name, ignore=ignored)
    return tmp_path


def test_what_is_committed_is_what_the_contract_says() -> None:
    done = check(generate.PROTOS)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_changed_contract_is_noticed(copy: Path) -> None:
    contract = copy / "protos/spark/telemetry/v1/telemetry.proto"
    text = contract.read_text()
    assert "uint64 erased = 1;" in text
    contract.write_text(text.replace("uint64 erased = 1;", "uint64 removed = 1;"))
    done = check(copy / "protos")
    assert done.returncode == 1
    named = {line.removeprefix("out of step: ") for line in done.stderr.splitlines() if line.startswith("out of step")}
    assert named == {f"contracts/spark/telemetry/v1/telemetry_pb2.{ending}" for ending in ("py", "pyi")}


def test_generated_code_changed_by_hand_is_noticed(copy: Path) -> None:
    edited, added, missing = (
        copy / "contracts/spark/router/v1" / name for name in ("router_pb2.py", "extra.py", "router_pb2_grpc.pyi")
    )
    edited.write_text(edited.read_text() + "\n")
    added.write_text("")
    missing.unlink()
    done = check(copy / "protos")
    assert done.returncode == 1
    for path in (edited, added, missing):
        assert f"out of step: {path.relative_to(copy)}" in done.stderr


def test_a_contract_that_does_not_compile_is_refused_with_the_place(copy: Path) -> None:
    contract = copy / "protos/spark/router/v1/router.proto"
    contract.write_text(contract.read_text().replace("string decision_id = 1;", "strange decision_id = 1;"))
    done = check(copy / "protos")
    assert done.returncode == 1
    assert "router.proto" in done.stderr
    assert '"strange"' in done.stderr
