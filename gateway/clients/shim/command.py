"""Installs the hook command of clients without HTTP hooks, and words it for their settings."""

from __future__ import annotations

import shlex
from pathlib import Path

from gateway.clients.shim.native import install_native, native_path
from gateway.clients.shim.placing import PYTHON_SOURCE, place

OWN_ANSWER = "{ }"
"""What a command says where the shim says nothing; the space tells it from the gateway's own empty object."""


def python_path(spark_home: Path) -> Path:
    """Where the shim in Python of this Spark home lies once it is installed, absolute."""
    return native_path(spark_home).with_suffix(".py")


def install_hook_shim(spark_home: Path) -> Path:
    """Installs the native shim where one fits this machine, else the one in Python; its path.

    Installing again changes nothing, and after an upgrade replaces the file in one step. Raises OSError.
    """
    return install_native(spark_home) or place(PYTHON_SOURCE.read_bytes(), python_path(spark_home))


def hook_command(shim: Path, spark_home: Path, client: str, python: str, *, always_answers: bool = False) -> str:
    """The shell command by which a client runs an installed shim; `client` is the name in `/v1/hooks/{client}`.

    Constant for one home, client and interpreter, since clients trust a command by its text; silent when the shim is
    gone or cannot be run on this machine, since Gemini takes a status of 2 and more with words behind it for a refusal;
    and `exec` lets the client's own timeout reach the shim. `python` is the interpreter of the shim in Python, and not
    used for the native one. A client that takes an empty answer or a shim that was killed for a refusal
    `always_answers`: with an empty object, successfully; there the shim's own deadline has to do.
    """
    program, home = shlex.quote(str(shim)), shlex.quote(str(spark_home.expanduser().absolute()))
    words = f"{program} --client {shlex.quote(client)} --home {home}"
    if shim.suffix == ".py":
        interpreter = shlex.quote(python)
        run = f"[ -x {interpreter} ] && [ -f {program} ] && exec {interpreter} -I -S {words} 2>/dev/null"
    else:
        run = f"[ -x {program} ] && exec {words} 2>/dev/null"
    if always_answers:
        return f"r=$({run}); [ -n \"$r\" ] || r='{OWN_ANSWER}'; printf '%s\\n' \"$r\"; exit 0"
    return f"{run}; exit 0"
