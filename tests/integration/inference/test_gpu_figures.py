"""What is shown of GPUs: what a program named nvidia-smi says in its real form, and nothing where it fails."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from services.inference.gpus import Gpus, found_here

SAYS_TWO = r"""#!/bin/sh
[ "$1" = "--query-gpu=index,utilization.gpu,memory.used,memory.total" ] || exit 2
[ "$2" = "--format=csv,noheader,nounits" ] || exit 2
printf '0, 37, 1024, 143771\n1, [N/A], 0, 143771\n'
"""
MIB = 1024 * 1024
FIGURES = ("spark_gpu_utilization_ratio", "spark_gpu_memory_used_bytes", "spark_gpu_memory_size_bytes")


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where nvidia-smi is looked for; at first there is none."""
    # Behind it stands what the scripts themselves need.
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path / "nvidia-smi"


def write(program: Path, script: str) -> None:
    program.write_text(script)
    program.chmod(0o755)


def says(program: Path, script: str) -> Gpus:
    write(program, script)
    found = found_here()
    assert found is not None
    return found


def shown() -> dict[tuple[str, str], float]:
    return {
        (sample.name, sample.labels["gpu"]): sample.value
        for family in REGISTRY.collect()
        if family.name in FIGURES
        for sample in family.samples
    }


async def test_each_gpu_tells_its_own_and_what_it_does_not_tell_is_absent(program: Path) -> None:
    await says(program, SAYS_TWO).look()
    assert shown() == {
        ("spark_gpu_utilization_ratio", "0"): 0.37,
        ("spark_gpu_memory_used_bytes", "0"): 1024 * MIB,
        ("spark_gpu_memory_size_bytes", "0"): 143771 * MIB,
        ("spark_gpu_memory_used_bytes", "1"): 0,
        ("spark_gpu_memory_size_bytes", "1"): 143771 * MIB,
    }


@pytest.mark.parametrize(
    "script",
    [
        "#!/bin/sh\nexec sleep 60\n",
        "#!/bin/sh\nexec yes '0, 1, 2, 3'\n",
        "#!/bin/sh\necho 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.'\n",
        "#!/bin/sh\necho '0, 250, 1, 2'\n",
        "#!/bin/sh\necho '0, nan, 1, 2'\n",
        "#!/bin/sh\necho '0, 37, 1024, 143771'; exit 15\n",
        "#!/bin/sh\n",
        "no program at all",
    ],
    ids=["hangs", "never ends", "fails in words", "too much", "no number", "fails", "silent", "no program"],
)
async def test_what_cannot_be_read_is_absent_and_said_once(
    program: Path, script: str, caplog: pytest.LogCaptureFixture
) -> None:
    await says(program, SAYS_TWO).look()
    assert shown()
    write(program, script)
    gpus = Gpus(str(program), patience_s=0.3)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            await gpus.look()
            assert shown() == {}
    told = [record for record in caplog.records if getattr(record, "action", "") == "gpu_unread"]
    assert len(told) == 1
    assert str(program.parent) not in told[0].getMessage()
    # Once it speaks again, its figures are there, and a later silence is told anew.
    write(program, SAYS_TWO)
    await gpus.look()
    assert shown()


def test_without_the_program_nobody_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert found_here() is None
