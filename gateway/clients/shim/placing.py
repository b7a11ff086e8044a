"""Puts a program into the home in one step."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

MODE = 0o755

PYTHON_SOURCE = Path(__file__).with_name("fallback.py")
"""The shim in Python, a program of one file."""


def place(content: bytes, target: Path) -> Path:
    """Writes a program to `HOME/bin/NAME` and returns that path; left alone when it is there unchanged.

    Atomic: who runs it meanwhile finds the old one or the new one, whole. Raises OSError.
    """
    if target.is_file() and target.read_bytes() == content and target.stat().st_mode & 0o777 == MODE:
        return target
    # The home holds the token: whoever creates it first, it is its owner's alone.
    target.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.parent.mkdir(exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), MODE)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
    return target
