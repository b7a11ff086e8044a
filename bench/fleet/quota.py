"""A share of the CPU that a process cannot exceed, by Linux control groups of either version.

With a share each, replicas are held to the same little CPU whatever else the machine does, so that more of them can be
compared with one on a machine of two cores.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PERIOD_US = 20_000
"""In which a share is given out anew: a fifth of the kernel's default, so that a process that has used its share waits
for milliseconds and not for the tenth of a second that would be all that is measured."""

MOUNTS = Path("/proc/mounts")
OWN_GROUPS = Path("/proc/self/cgroup")


class NoQuota(RuntimeError):
    """Shares of the CPU cannot be given here; the message says why, and what would do."""


@dataclass(frozen=True)
class Hierarchy:
    """Where groups with shares of the CPU can be made."""

    folder: Path
    version: int

    def group(self, name: str) -> Group:
        """A new group without a limit.

        Raises:
            NoQuota: when it cannot be made.
        """
        folder = self.folder / name
        with refused():
            folder.mkdir()
        return Group(folder, self.version)


class Group:
    """Processes that share a limit; those that they start belong to it too."""

    def __init__(self, folder: Path, version: int) -> None:
        self._folder = folder
        self._version = version

    def take(self, pid: int) -> None:
        """Takes a process in.

        Raises:
            NoQuota: when the kernel does not let it.
        """
        with refused():
            (self._folder / "cgroup.procs").write_text(str(pid))

    def limit(self, cores: float) -> None:
        """Limits all of them together, in cores.

        Raises:
            NoQuota: when the kernel does not let it.
        """
        quota = round(cores * PERIOD_US)
        with refused():
            if self._version == 2:
                (self._folder / "cpu.max").write_text(f"{quota} {PERIOD_US}")
            else:
                (self._folder / "cpu.cfs_period_us").write_text(str(PERIOD_US))
                (self._folder / "cpu.cfs_quota_us").write_text(str(quota))

    def leave(self, pid: int) -> None:
        """Gives a process back to the group above, so that its end is not slowed down, and removes this one."""
        with suppress(OSError):
            (self._folder.parent / "cgroup.procs").write_text(str(pid))
        with suppress(OSError):
            self._folder.rmdir()


@contextmanager
def refused() -> Generator[None]:
    """Turns a refusal of the kernel into words.

    Raises:
        NoQuota: in its place.
    """
    try:
        yield
    except OSError as error:
        raise NoQuota(f"{error}: run as root, with control groups mounted for writing") from error


def hierarchy(mounts: Path = MOUNTS, own_groups: Path = OWN_GROUPS) -> Hierarchy:
    """Where this process may make groups with shares of the CPU.

    Raises:
        NoQuota: when it may nowhere.
    """
    for kind, folder, options in mounted(mounts):
        if kind == "cgroup" and "cpu" in options:
            own = folder / own_group(own_groups, lambda names: "cpu" in names)
            return writable(Hierarchy(own if own.is_dir() else folder, 1))
    for kind, folder, _ in mounted(mounts):
        if kind == "cgroup2" and "cpu" in (folder / "cgroup.controllers").read_text().split():
            with refused():
                (folder / "cgroup.subtree_control").write_text("+cpu")
            return writable(Hierarchy(folder, 2))
    raise NoQuota("no control groups with a share of the CPU are mounted; mount cgroup2 on /sys/fs/cgroup")


def mounted(mounts: Path) -> list[tuple[str, Path, list[str]]]:
    """What is mounted: kind, folder, options."""
    if not mounts.exists():
        return []
    rows = [line.split() for line in mounts.read_text().splitlines()]
    return [(row[2], Path(row[1]), row[3].split(",")) for row in rows]


def own_group(own_groups: Path, wanted: Callable[[list[str]], bool]) -> str:
    """The group that this process is in, as a relative path."""
    for line in own_groups.read_text().splitlines():
        _, names, path = line.split(":", 2)
        if wanted(names.split(",")):
            return path.lstrip("/")
    return ""


def writable(found: Hierarchy) -> Hierarchy:
    """The hierarchy, when groups can be made in it.

    Raises:
        NoQuota: when they cannot.
    """
    if not os.access(found.folder, os.W_OK):
        raise NoQuota(f"{found.folder} is not writable; run as root, with control groups mounted for writing")
    return found
