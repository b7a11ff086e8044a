"""How commands reach Spark: the system that is up, else a private one for as long as the command takes."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from chassis.calls import CallContext, current_call
from chassis.channels import Channels
from chassis.identity import LOCAL_WORKSPACE, Tokens, local_token
from chassis.settings import Settings, read_tuneables
from chassis.tracing import new_traceparent
from host.home import Addresses, Run, read_run
from host.system import System


@dataclass(frozen=True)
class Connection:
    """A system within reach."""

    home: Path
    run: Run
    channels: Channels
    private: bool
    """Whether it was started for this command and ends with it."""

    @property
    def token(self) -> str:
        """The token that opens the workspace `local`."""
        return local_token(self.home)


@asynccontextmanager
async def connected(
    home: Path, environment: Mapping[str, str] = os.environ, flags: Mapping[str, str] | None = None
) -> AsyncGenerator[Connection]:
    """The system of a data folder, as the workspace `local`.

    Raises:
        EngineError: when none runs and a private one cannot be started.
    """
    token = current_call.set(CallContext("spark", LOCAL_WORKSPACE, new_traceparent()))
    run = read_run(home)
    try:
        if run is not None:
            tokens = Tokens({local_token(home): LOCAL_WORKSPACE})
            channels = Channels(tokens, Addresses(home, environment))
            try:
                yield Connection(home, run, channels, private=False)
            finally:
                await channels.close()
        else:
            system = System(home, settings_of(home, environment, private_flags(flags)), environment)
            try:
                started = await system.start()
                yield Connection(home, started, system.process.channels, private=True)
            finally:
                await system.stop()
    finally:
        current_call.reset(token)


def settings_of(home: Path, environment: Mapping[str, str], flags: Mapping[str, str] | None = None) -> Settings:
    """The settings of a data folder.

    Raises:
        BadSetting: when tuneables.json cannot be read.
    """
    return Settings(environment, read_tuneables(home / "tuneables.json"), flags)


def private_flags(flags: Mapping[str, str] | None) -> dict[str, str]:
    """A private system takes any free ports: it must not stand in the way of another."""
    return {"listen.http_port": "0", "listen.grpc_port": "0", **(flags or {})}
