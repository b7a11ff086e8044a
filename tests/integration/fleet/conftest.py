"""Two fleets for the same tests: of containers, and of processes on embedded engines."""

from __future__ import annotations

import fcntl
import secrets
import shutil
import tempfile
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.integration.fleet.embedded import EmbeddedFleet
from tests.integration.fleet.fleet import Fleet
from tests.integration.fleet.images import REPOSITORY, Images, build_images
from tests.integration.fleet.podman import Podman, docker_variables

CACHE = REPOSITORY / ".containers"
PROGRAMS = ("podman", "runc", "conmon", "mmdebstrap", "iptables")
TIERS = ["processes", pytest.param("containers", marks=pytest.mark.containers)]


@pytest.fixture(scope="session")
def podman() -> Generator[tuple[Podman, Images]]:
    """A podman whose API answers at DOCKER_HOST, and the images that it has."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        # Whoever comes here has asked for containers.
        pytest.fail(f"{', '.join(missing)} are not installed: tests/integration/fleet/install_podman.sh does it")
    CACHE.mkdir(exist_ok=True)
    # Not below pytest's own folder: a run that is killed leaves what is mounted, and whoever runs tests later, of
    # whatever kind, would fail when pytest cannot remove it.
    folder = Path(tempfile.mkdtemp(prefix="spark-podman-"))
    try:
        with (CACHE / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            images = build_images(Podman(folder / "builder", CACHE / "images"), CACHE)
        podman = Podman(folder, folder / "store", [CACHE / "images"])
        with podman.serving() as address, pytest.MonkeyPatch.context() as patch:
            for name, value in docker_variables(address).items():
                patch.setenv(name, value)
            yield podman, images
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture(scope="package", loop_scope="session", params=TIERS)
async def fleet(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Fleet]:
    """A fleet that is up; a test leaves it whole."""
    token = secrets.token_urlsafe(32)
    if request.param == "processes":
        processes = await EmbeddedFleet.boot(tmp_path_factory.mktemp("fleet"), token)
        yield processes
        await processes.stop()
        return
    _, images = request.getfixturevalue("podman")
    # testcontainers reads where Docker is when it is imported.
    from tests.integration.fleet.contained import ContainerFleet

    containers = ContainerFleet(images, token)
    try:
        await containers.boot()
        yield containers
    finally:
        await containers.stop()
