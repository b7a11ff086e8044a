"""What the GPUs of this machine do, as they say themselves: by `nvidia-smi`, where there is one, and else nothing.

A figure that a GPU does not tell is absent, never assumed, and so are all of them while the program hangs or says what
cannot be read.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from dataclasses import dataclass

from services.inference.metrics import GPU_MEMORY_SIZE, GPU_MEMORY_USED, GPU_UTILIZATION

log = logging.getLogger(__name__)

PROGRAM = "nvidia-smi"
QUERY = ("--query-gpu=index,utilization.gpu,memory.used,memory.total", "--format=csv,noheader,nounits")
LOOK_EVERY_S = 15.0
PATIENCE_S = 5.0
"""It answers within a second; with a driver that hangs, never."""
REAPED_S = 1.0
MOST_BYTES = 64 * 1024
MIB = 1024 * 1024


class Unreadable(ValueError):
    """What the program said is not what it says of GPUs; the message tells why."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU's own figures; None for one that it does not tell."""

    index: int
    utilization: float | None
    """0 to 1."""
    memory_used: int | None
    """Bytes, as the size."""
    memory_size: int | None


class Gpus:
    """The GPUs of this machine by a `program` that tells of them."""

    def __init__(self, program: str, patience_s: float = PATIENCE_S) -> None:
        self._program = program
        self._patience_s = patience_s
        self._told = False

    async def look(self) -> None:
        """Shows in the metrics what the GPUs say now. That they cannot be read is said once, until they can again."""
        found: list[Gpu] = []
        try:
            found = read(await self._said())
            self._told = False
        except (OSError, TimeoutError, Unreadable) as error:
            if not self._told:
                reason = str(error) or f"no answer within {self._patience_s:g} s"
                log.warning("the GPUs cannot be read", extra={"action": "gpu_unread", "error": reason})
            self._told = True
        show(found)

    async def _said(self) -> str:
        process = await asyncio.create_subprocess_exec(
            self._program,
            *QUERY,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            assert process.stdout is not None
            async with asyncio.timeout(self._patience_s):
                said = await process.stdout.read(MOST_BYTES)
                while len(said) < MOST_BYTES and (more := await process.stdout.read(MOST_BYTES)):
                    said += more
                if len(said) >= MOST_BYTES:
                    raise Unreadable(f"{PROGRAM} does not come to an end")
                status = await process.wait()
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                # One that waits for its driver does not even die.
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), REAPED_S)
        if status:
            raise Unreadable(f"{PROGRAM} ended with {status}")
        return said.decode(errors="replace")


def found_here() -> Gpus | None:
    """The GPUs of this machine; None where no program tells of any."""
    program = shutil.which(PROGRAM)
    return None if program is None else Gpus(program)


def read(said: str) -> list[Gpu]:
    """The GPUs that a program's lines tell of.

    Raises:
        Unreadable: when a line is no such line, or there is none.
    """
    found = [gpu_from(line) for line in said.splitlines() if line.strip()]
    if not found:
        raise Unreadable(f"{PROGRAM} tells of no GPU")
    return found


def gpu_from(line: str) -> Gpu:
    """A GPU of its line.

    Raises:
        Unreadable: when it is none.
    """
    fields = [field.strip() for field in line.split(",")]
    try:
        index, utilization, used, size = fields
        busy = figure(utilization, 100)
        gpu = Gpu(int(index), None if busy is None else busy / 100, bytes_of(used), bytes_of(size))
    except ValueError:
        raise Unreadable(f"{PROGRAM} says what is no line of a GPU") from None
    return gpu


def bytes_of(text: str) -> int | None:
    """A number of MiB in bytes.

    Raises:
        ValueError: when it is none.
    """
    found = figure(text, 2**40)
    return None if found is None else int(found * MIB)


def figure(text: str, most: float) -> float | None:
    """A figure between 0 and `most`; None where a GPU does not tell it: `[N/A]`, `[Not Supported]`.

    Raises:
        ValueError: when it is none.
    """
    if text.startswith("[") and text.endswith("]"):
        return None
    found = float(text)
    if not 0 <= found <= most:
        raise ValueError(text)
    return found


def show(gpus: list[Gpu]) -> None:
    """Puts into the metrics what the GPUs say, and takes out what they do not."""
    for gauge in (GPU_UTILIZATION, GPU_MEMORY_USED, GPU_MEMORY_SIZE):
        gauge.clear()
    for gpu in gpus:
        figures = (
            (GPU_UTILIZATION, gpu.utilization),
            (GPU_MEMORY_USED, gpu.memory_used),
            (GPU_MEMORY_SIZE, gpu.memory_size),
        )
        for gauge, value in figures:
            if value is not None:
                gauge.labels(str(gpu.index)).set(value)
