"""Becomes another account and then the given command; PostgreSQL refuses to run as root.

`python -I -S step_down.py namespace UID COMMAND…` enters a user namespace in which this account is called UID: it keeps
its own files and loses root's powers over everyone else's. `… account UID:GID COMMAND…` becomes that account for good.
"""

import ctypes
import os
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000


def enter_namespace(inside: int) -> None:
    outside = os.geteuid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "user namespaces are not allowed here")
    Path("/proc/self/uid_map").write_text(f"{inside} {outside} 1")


def become(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def main(how: str, whom: str, command: list[str]) -> None:
    if how == "namespace":
        enter_namespace(int(whom))
    else:
        uid, _, gid = whom.partition(":")
        become(int(uid), int(gid))
    os.execv(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
