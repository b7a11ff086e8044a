"""podman with a configuration and a store of its own: nothing that this machine has set is read or changed."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

SERVICE_SECONDS = 20.0
COMMAND_SECONDS = 240.0

CONTAINERS = """\
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
exit_command_delay = 10
static_dir = "{static}"
tmp_dir = "{folder}/tmp"
volume_path = "{folder}/volumes"
[network]
network_backend = "netavark"
network_config_dir = "{folder}/networks"
"""

STORAGE = """\
[storage]
driver = "overlay"
graphroot = "{store}"
runroot = "{folder}/run"
[storage.options]
additionalimagestores = [{others}]
"""


class PodmanFailed(AssertionError):
    """podman said no; the message has its words."""


class Podman:
    """Keeps images and containers in `store`, all else in `folder`; `others` are stores whose images it also sees."""

    def __init__(self, folder: Path, store: Path, others: Sequence[Path] = ()) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        store.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._store = store
        named = ", ".join(f'"{other}"' for other in others)
        # A store that outlives its folder must not remember it. Otherwise this is where podman looks by itself when a
        # container has ended, to start it again.
        static = store / "libpod" if store.is_relative_to(folder) else folder / "static"
        (folder / "containers.conf").write_text(CONTAINERS.format(folder=folder, static=static))
        (folder / "storage.conf").write_text(STORAGE.format(folder=folder, store=store, others=named))

    @property
    def environment(self) -> dict[str, str]:
        """This process's environment, so that podman reads its own configuration only."""
        return {
            **os.environ,
            "CONTAINERS_CONF": str(self._folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(self._folder / "storage.conf"),
        }

    def __call__(self, *words: str) -> str:
        """What a command prints.

        Raises:
            PodmanFailed: when it fails.
        """
        done = subprocess.run(
            ["podman", *words],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise PodmanFailed(f"podman {' '.join(words)}: {(done.stdout + done.stderr)[-4000:]}")
        return done.stdout

    @contextmanager
    def serving(self) -> Generator[str]:
        """The address of its API while the block lasts; what is left then of containers and networks is removed."""
        socket = self._folder / "podman.sock"
        log = self._folder / "service.log"
        with log.open("ab") as output:
            service = subprocess.Popen(
                ["podman", "system", "service", "--time", "0", f"unix://{socket}"],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            give_up = time.monotonic() + SERVICE_SECONDS
            while not socket.exists():
                assert service.poll() is None, log.read_text()
                assert time.monotonic() < give_up, f"podman does not serve: {log.read_text()}"
                time.sleep(0.02)
            yield f"unix://{socket}"
        finally:
            # Networks too: what has broken off has left its own, with a bridge and rules of the packet filter.
            for words in (("rm", "--all", "--force", "--time", "0", "--volumes"), ("network", "prune", "--force")):
                with contextlib.suppress(PodmanFailed, subprocess.TimeoutExpired):
                    self(*words)
            service.terminate()
            try:
                service.wait(SERVICE_SECONDS)
            except subprocess.TimeoutExpired:
                service.kill()
                service.wait()
            # podman mounts its store on itself, and at times leaves it so: then nobody can remove the folder.
            subprocess.run(["umount", "--lazy", self._store / "overlay"], capture_output=True, check=False)


def docker_variables(address: str) -> Mapping[str, str]:
    """What testcontainers and Compose are told, so that they find podman in the place of Docker."""
    return {
        "DOCKER_HOST": address,
        "TESTCONTAINERS_RYUK_DISABLED": "true",
        "TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX": "localhost/",
        "TESTCONTAINERS_CONNECTION_MODE": "docker_host",
        "TESTCONTAINERS_HOST_OVERRIDE": "127.0.0.1",
    }
