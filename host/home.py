"""The data folder of Spark: where it is, who runs there, and how to reach them."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

DEFAULT_HTTP_PORT = 7761
DEFAULT_GRPC_PORT = 7762
"""Unassigned at IANA, below the range that the system hands out by itself, and no known tool's default."""


@dataclass(frozen=True)
class Run:
    """What run.json says of the system that is up: full URLs and the process that owns it."""

    http: str
    grpc: str
    socket: str
    pid: int
    started: float
    """Start of the process, seconds since the epoch: a number may come again, a number with its start does not."""
    services: Mapping[str, str] = field(default_factory=dict[str, str])
    """gRPC address of each service, `host:port`."""
    database_url: str = ""
    nats_url: str = ""
    fleet: str = ""
    """Where the Spark is that this machine is connected to; empty for one of its own."""

    def alive(self) -> bool:
        """Whether the process that wrote this still lives."""
        try:
            process = psutil.Process(self.pid)
            # One that was killed stays in the table until its parent has looked.
            return abs(process.create_time() - self.started) < 1.0 and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False


def spark_home(environment: Mapping[str, str] = os.environ) -> Path:
    """SPARK_HOME, else ~/.spark; made at first use, the user's alone."""
    home = Path(environment.get("SPARK_HOME") or "~/.spark").expanduser().absolute()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    return home


def run_file(home: Path) -> Path:
    """Where the running system tells how to reach it."""
    return home / "run.json"


def fleet_file(home: Path) -> Path:
    """Where it is remembered which shared Spark this machine is connected to; the user's alone (0600), for it holds the
    token."""
    return home / "fleet.json"


def read_run(home: Path) -> Run | None:
    """The system that is up; None when there is none, or only the trace of one that died."""
    try:
        body: dict[str, Any] = json.loads(run_file(home).read_text(encoding="utf-8"))
        run = Run(**{name: body[name] for name in Run.__dataclass_fields__ if name in body})
    except (OSError, ValueError, TypeError):
        return None
    return run if run.alive() else None


def write_run(home: Path, run: Run) -> None:
    """Writes run.json in one step; it names the engines with their tokens, so it is the user's alone (0600)."""
    draft = home / f"run.json.{secrets.token_hex(4)}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(run), file, indent=1)
    draft.replace(run_file(home))


def remove_run(home: Path, pid: int) -> None:
    """Removes run.json when it is that process's own."""
    path = run_file(home)
    try:
        if json.loads(path.read_text(encoding="utf-8"))["pid"] == pid:
            path.unlink()
    except (OSError, ValueError, KeyError):
        return


class Addresses(Mapping[str, str]):
    """Where services are: SPARK_<SERVICE>_ADDR, else what those running say of themselves, read anew each time."""

    def __init__(self, home: Path, environment: Mapping[str, str]) -> None:
        self._home = home
        self._environment = environment

    def __getitem__(self, service: str) -> str:
        """The address of a service, `host:port`."""
        named = self._environment.get(f"SPARK_{service.upper()}_ADDR")
        if named:
            return named
        for run in (read_served(self._home, service), read_run(self._home)):
            if run is not None and service in run.services:
                return run.services[service]
        raise KeyError(service)

    def __iter__(self) -> Iterator[str]:
        """Addresses are found by name only."""
        return iter(())

    def __len__(self) -> int:
        """Addresses are found by name only."""
        return 0


def served_file(home: Path, service: str) -> Path:
    """Where a service that runs apart tells how to reach it."""
    return home / "served" / f"{service}.json"


def read_served(home: Path, service: str) -> Run | None:
    """The process that carries a service apart; None when there is none."""
    try:
        body: dict[str, Any] = json.loads(served_file(home, service).read_text(encoding="utf-8"))
        run = Run(**body)
    except (OSError, ValueError, TypeError):
        return None
    return run if run.alive() else None


def write_served(home: Path, service: str, run: Run) -> None:
    """Tells how to reach a service that runs apart."""
    path = served_file(home, service)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    draft.write_text(json.dumps(asdict(run)), encoding="utf-8")
    draft.chmod(0o600)
    draft.replace(path)


def remove_served(home: Path, service: str, pid: int) -> None:
    """Takes that back, unless another process has told of itself since."""
    told = read_served(home, service)
    if told is None or told.pid == pid:
        served_file(home, service).unlink(missing_ok=True)
