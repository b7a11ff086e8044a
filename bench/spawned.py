"""Processes that are started, handed an event and read to their end, all in the same way and as cheaply as can be."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

PIPE_BYTES = 60_000
"""What a pipe holds without a reader, so that the event lies ready before the clock starts."""


class BadOutput(Exception):
    """A process did not do what is measured, so that its time means nothing."""


@dataclass(frozen=True, slots=True)
class Started:
    """A process under way."""

    pid: int
    output: int
    """The pipe to read its output from."""
    at: float


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that has ended."""

    output: bytes
    seconds: float
    """From before it was started until its end was seen."""
    status: int
    """As `waitpid` tells it; 0 is success."""


def start(command: Sequence[str], event: bytes, group: int | None = None) -> Started:
    """Starts a program, its absolute path first; `group` as in `setpgroup`. Raises OSError, BadOutput."""
    if len(event) > PIPE_BYTES:
        raise BadOutput("the event does not fit into a pipe")
    event_out, event_in = os.pipe()
    output_out, output_in = os.pipe()
    os.write(event_in, event)
    os.close(event_in)
    actions = [(os.POSIX_SPAWN_DUP2, event_out, 0), (os.POSIX_SPAWN_DUP2, output_in, 1)]
    began = time.perf_counter()
    if group is None:
        pid = os.posix_spawn(command[0], list(command), os.environ, file_actions=actions)
    else:
        pid = os.posix_spawn(command[0], list(command), os.environ, file_actions=actions, setpgroup=group)
    os.close(event_out)
    os.close(output_in)
    return Started(pid, output_out, began)


def read_all(file: int) -> bytes:
    """What comes out of a pipe to its end, and closes it."""
    parts: list[bytes] = []
    while part := os.read(file, 65536):
        parts.append(part)
    os.close(file)
    return b"".join(parts)


def ended(process: Started) -> Ended:
    """Reads a process to its end."""
    output = read_all(process.output)
    _, status = os.waitpid(process.pid, 0)
    return Ended(output, time.perf_counter() - process.at, status)


def together(command: Sequence[str], events: Sequence[bytes]) -> list[Ended]:
    """Starts one for each event at once."""
    first = start(command, events[0], 0)
    processes = {
        process.pid: process for process in (first, *(start(command, event, first.pid) for event in events[1:]))
    }
    over: dict[int, tuple[float, int]] = {}
    # By their group: the system that is measured is a child as well.
    while len(over) < len(processes):
        pid, status = os.waitpid(-first.pid, 0)
        over[pid] = time.perf_counter() - processes[pid].at, status
    return [Ended(read_all(process.output), *over[pid]) for pid, process in processes.items()]


class Spawned:
    """A command that is run once for each event; `good` judges how it ended."""

    def __init__(
        self, name: str, command: Sequence[str], event: Callable[[int], bytes], good: Callable[[Ended], bool]
    ) -> None:
        self.name = name
        self.command = command
        self._event = event
        self._good = good
        self.runs = 0

    async def once(self) -> float:
        """Seconds of one run.

        Raises:
            BadOutput: when it did not end as it must.
        """
        (result,) = self.judged([ended(start(self.command, self.next_event()))])
        return result.seconds

    def at_once(self, count: int) -> list[float]:
        """Seconds of each of `count` runs that are started together. Raises BadOutput."""
        return [
            result.seconds for result in self.judged(together(self.command, [self.next_event() for _ in range(count)]))
        ]

    def next_event(self) -> bytes:
        """The event of the next run."""
        self.runs += 1
        return self._event(self.runs - 1)

    def judged(self, results: list[Ended]) -> list[Ended]:
        """The same results. Raises BadOutput when one is not as it must be."""
        for result in results:
            if not self._good(result):
                raise BadOutput(f"{self.name} ended with {result.status} and printed {result.output[:80]!r}")
        return results


def shell(command: str) -> list[str]:
    """A command as clients run it, by a shell."""
    return ["/bin/sh", "-c", command]


def program(path: Path, *words: str) -> list[str]:
    """A program without a shell."""
    return [str(path), *words]
