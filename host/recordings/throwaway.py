"""A private system in a folder that goes when it is done: nothing of the user's is touched."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from host.connection import Connection, connected

BELIEVES_HEADER = {"clock.source": "header"}
ABOUT_ADVICE = ("SPARK_ADVISORY_", "SPARK_SYNTH_")


def about_advice() -> dict[str, str]:
    """What the user's environment sets about advice."""
    return {name: value for name, value in os.environ.items() if name.startswith(ABOUT_ADVICE)}


@asynccontextmanager
async def throwaway(home: Path | None = None, *, as_set: bool = False) -> AsyncGenerator[Connection]:
    """A system that believes Spark-Time, in `home` where one is given to keep, else in a folder of its own.

    It has the default settings; `as_set` takes over what the user's environment sets about advice.

    Raises:
        EngineError: when the engines cannot be started.
    """
    # What the user has set for the Spark at work must not point this one at its store, nor open it to others.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SPARK_")}
    environment |= about_advice() if as_set else {}
    folder = home or Path(tempfile.mkdtemp(prefix="spark-"))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        async with connected(folder, environment, BELIEVES_HEADER) as connection:
            yield connection
    finally:
        if home is None:
            shutil.rmtree(folder, ignore_errors=True)
