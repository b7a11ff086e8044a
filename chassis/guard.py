"""Runs one engine and ends it when the owner is gone: `python -I -S guard.py COMMAND…`.

Standard input is the lifeline: a pipe whose write end only the owner has, so that its end, however it comes, closes the
pipe. Standard output tells the owner the engine's pid, standard error is the engine's log. Exits with the engine's
status, 128 + n for one that signal n has ended. A program of its own, small because it lives as long as the engine: it
imports nothing of Spark.
"""

import contextlib
import os
import select
import signal
import sys
import time

# Orderly, then at once, then by force: 4 s at most, inside the 5 s in which no engine may outlive its owner.
STEPS = ((signal.SIGINT, 3.0), (signal.SIGQUIT, 1.0), (signal.SIGKILL, None))
LIFELINE = 0


def ended(engine: int, wake: int, watched: list[int], patience: float | None) -> int | None:
    """The engine's exit status, or None once a watched descriptor speaks or `patience` seconds have passed."""
    deadline = None if patience is None else time.monotonic() + patience
    while True:
        done, status = os.waitpid(engine, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        ready = select.select([wake, *watched], [], [], left)[0]
        if not ready or any(descriptor in watched for descriptor in ready):
            return None
        if any(number != signal.SIGCHLD for number in os.read(wake, 64)) and watched:
            return None


def noted(number: int, frame: object) -> None:
    """A handler for signals that are read from the wake-up descriptor."""


def main(command: list[str]) -> int:
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, noted)
    if select.select([LIFELINE], [], [], 0)[0]:
        # The owner is gone already, and the next one may be starting engines of its own.
        return 0
    engine = os.posix_spawn(
        command[0],
        command,
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, 2, 1),
        ],
        # Python ignores these two, and what is ignored stays so in a child.
        setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],
    )
    # An owner that is gone already cannot read it; the lifeline says so next.
    with contextlib.suppress(OSError):
        os.write(1, b"%d\n" % engine)
    status = ended(engine, wake, [LIFELINE], None)
    for number, patience in STEPS:
        if status is None:
            os.kill(engine, number)
            status = ended(engine, wake, [], patience)
    return status or 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
