"""Puts the SessionStart shim at a path that outlives upgrades and virtual environments, and names the hook command."""

from __future__ import annotations

import os
import shlex
import tempfile
from pathlib import Path

SHIM_NAME = "spark-session-start.py"
"""File name of the installed shim; the installer recognises its own command by it."""

_SOURCE = Path(__file__).with_name("session_start_shim.py")
_MODE = 0o755


def shim_path(spark_home: Path) -> Path:
    """Where the shim of this Spark home lies, absolute."""
    return spark_home.expanduser().absolute() / "bin" / SHIM_NAME


def install_shim(spark_home: Path) -> Path:
    """Copies the shim into ``spark_home`` and returns its path.

    Atomic, and left alone when it is already there unchanged, so that a session starting meanwhile always finds a whole
    file. Raises OSError.
    """
    target = shim_path(spark_home)
    content = _SOURCE.read_bytes()
    if target.is_file() and target.read_bytes() == content and target.stat().st_mode & 0o777 == _MODE:
        return target
    # The home holds the token: whoever creates it first, it is its owner's alone.
    target.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.parent.mkdir(exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{SHIM_NAME}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), _MODE)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
    return target


def shim_command(spark_home: Path, python: str) -> str:
    """The hook's shell command: constant for one home and interpreter, silent and successful when either is gone.

    ``exec`` lets the client's timeout reach the interpreter itself instead of a shell that waits for it.
    """
    interpreter, shim = shlex.quote(python), shlex.quote(str(shim_path(spark_home)))
    home = shlex.quote(str(spark_home.expanduser().absolute()))
    return f"[ -x {interpreter} ] && [ -f {shim} ] && exec {interpreter} -I -S {shim} --home {home}; exit 0"
