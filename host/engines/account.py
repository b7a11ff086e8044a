"""The account that PostgreSQL runs as, since it refuses to be root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from host.engines.faults import EngineMissing, Unreachable

STEP_DOWN = (sys.executable, "-I", "-S", str(Path(__file__).with_name("step_down.py")))


@dataclass(frozen=True)
class Account:
    """Words to put before a command so that it runs as this account, and the uid that its files belong to."""

    prefix: tuple[str, ...]
    uid: int

    def check_reach(self, *paths: Path) -> None:
        """Raises Unreachable when this account cannot enter a folder on the way to one of `paths`."""
        if os.geteuid() != 0:
            return
        groups = {os.getegid(), *os.getgroups()} if self.uid == 0 else {pwd.getpwuid(self.uid).pw_gid}
        for path in paths:
            for folder in reversed(path.parents):
                if folder.exists() and not _may_enter(folder.stat(), self.uid, groups):
                    raise Unreachable(folder, self.uid)


def account_for(cluster: Path) -> Account:
    """The account for the PostgreSQL cluster at `cluster`, which need not exist yet.

    Anyone but root is themselves. Root is its own self without powers in a user namespace, which needs no other account
    and no change of owner; where namespaces are forbidden it is `nobody`. A cluster that another account owns is run by
    that account. Raises EngineMissing when there is no such account.
    """
    uid = os.geteuid()
    if uid != 0:
        return Account(() if _known(uid) else _namespace() or (), uid)
    owner = cluster.stat().st_uid if cluster.exists() else 0
    if owner == 0 and (namespace := _namespace()):
        return Account(namespace, 0)
    entry = _entry(owner)
    return Account((*STEP_DOWN, "account", f"{entry.pw_uid}:{entry.pw_gid}"), entry.pw_uid)


def _namespace() -> tuple[str, ...] | None:
    if sys.platform != "linux":
        return None
    # initdb looks its own name up, so the uid inside must be one that has a name.
    inside = next((uid for uid in (1000, 1, 65534) if _known(uid)), 1000)
    ways: list[tuple[str, ...]] = [(*STEP_DOWN, "namespace", str(inside))]
    if unshare := shutil.which("unshare"):
        ways.insert(0, (unshare, "--user", f"--map-user={inside}"))
    for way in ways:
        if subprocess.run([*way, "/bin/sh", "-c", ":"], capture_output=True, check=False).returncode == 0:  # noqa: S603
            return way
    return None


def _known(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _entry(owner: int) -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")
    except KeyError:
        missing = f"uid {owner}" if owner else "nobody"
        raise EngineMissing(f"PostgreSQL refuses to run as root, and there is no account for {missing} here") from None


def _may_enter(folder: os.stat_result, uid: int, groups: set[int]) -> bool:
    needed = 0o100 if folder.st_uid == uid else 0o010 if folder.st_gid in groups else 0o001
    return bool(folder.st_mode & needed)
