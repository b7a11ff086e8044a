"""Puts the SessionStart shim at a path that outlives upgrades and virtual environments, and names the hook command."""

from __future__ import annotations

import shlex
from pathlib import Path

from gateway.clients.shim.placing import PYTHON_SOURCE, place

SHIM_NAME = "spark-session-start.py"
"""File name of the installed shim; the installer recognises its own command by it."""


def shim_path(spark_home: Path) -> Path:
    """Where the shim of this Spark home lies, absolute."""
    return spark_home.expanduser().absolute() / "bin" / SHIM_NAME


def install_shim(spark_home: Path) -> Path:
    """Copies the shim into ``spark_home`` and returns its path.

    Atomic, and left alone when it is already there unchanged, so that a session starting meanwhile always finds a whole
    file. Raises OSError.
    """
    return place(PYTHON_SOURCE.read_bytes(), shim_path(spark_home))


def shim_command(spark_home: Path, python: str) -> str:
    """The hook's shell command: constant for one home and interpreter, silent and successful when either is gone.

    ``exec`` lets the client's timeout reach the interpreter itself instead of a shell that waits for it.
    """
    interpreter, shim = shlex.quote(python), shlex.quote(str(shim_path(spark_home)))
    home = shlex.quote(str(spark_home.expanduser().absolute()))
    return f"[ -x {interpreter} ] && [ -f {shim} ] && exec {interpreter} -I -S {shim} --home {home}; exit 0"
