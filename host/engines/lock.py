"""One owner for the engines of a folder."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from host.engines.faults import EngineBusy

# A child that a killed owner was just starting holds the lock until it has become its program: a few milliseconds.
LINGER_S = 1.0


class EngineLock:
    """Held by the process that owns the engines of `home`, for as long as it lives.

    The kernel drops the lock with its holder, so there is never a stale one to clean up.
    Raises EngineBusy, naming the owner's pid, when someone else holds it.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        return self._descriptor is not None

    def acquire(self) -> None:
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._home / "engines.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        deadline = time.monotonic() + LINGER_S
        while not _locked(descriptor):
            owner = os.pread(descriptor, 32, 0).strip()
            pid = int(owner) if owner.isdigit() else None
            if (pid is not None and _lives(pid)) or time.monotonic() > deadline:
                os.close(descriptor)
                raise EngineBusy(self._home, pid)
            time.sleep(0.005)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
