"""Drill: the disk is nearly full."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.integration.runbooks.ground import Ground, drills
from tests.integration.runbooks.pages import DO, LOOK, VERIFY

# Commands are processes of their own, and with Postgres hanging each waits for it.
pytestmark = pytest.mark.timeout(300)


def mount(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """A disk of its own; needs the right to mount one."""
    words = ["mount", "-t", "tmpfs", "-o", ",".join((*options, "mode=700")), "tmpfs", str(folder)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.fixture
def disk(tmp_path: Path) -> Generator[Path]:
    """A disk of 700 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = mount(disk, "size=700m")
    if mounted.returncode != 0:
        pytest.skip(f"A SMALL DISK IS NOT TESTED HERE: a tmpfs cannot be mounted: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


@pytest_asyncio.fixture
async def small(disk: Path, tmp_path: Path) -> AsyncGenerator[Ground]:
    """A data folder on it."""
    ground = Ground(disk / "home", tmp_path / "ground")
    yield ground
    await ground.clear()


@drills("disk")
async def test_the_disk_is_nearly_full(small: Ground) -> None:
    watched = await small.up()
    assert (await watched.fires("disk"))["disk"] == "page"
    assert "700M" in await small.follow(LOOK, "disk")
    # Whoever gives the disk more.
    assert mount(small.home.parent, "remount", "size=4g").returncode == 0
    await small.follow(DO, "disk")
    await small.follow(VERIFY, "disk")
    await watched.is_quiet("disk")
