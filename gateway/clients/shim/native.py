"""Which native shim fits this machine, and puts it at a path that outlives upgrades and virtual environments."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

from gateway.clients.shim.placing import place

SHIM_NAME = "spark-hook"
"""File name of the installed binary; an installer recognises its own commands by it."""

FOLDER = Path(__file__).with_name("binaries")

TARGETS = {
    "linux-x86_64": "x86_64-linux-musl",
    "linux-aarch64": "aarch64-linux-musl",
    "macos-x86_64": "x86_64-macos",
    "macos-aarch64": "aarch64-macos",
}
"""The compiler's target for each platform that has a binary."""

SYSTEMS = {"linux": "linux", "darwin": "macos"}
MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}


def binary_name(name: str) -> str:
    """The file that holds the binary of a platform."""
    return f"{SHIM_NAME}-{name}"


def native_binary(system: str = sys.platform, machine: str | None = None) -> Path | None:
    """The shipped binary that runs on a system (as `sys.platform` names it) and machine, by default on this one.

    None where there is none: on Windows, on other processors, or where the package came without it.
    """
    names = SYSTEMS.get(system), MACHINES.get((machine or platform.machine()).lower())
    binary = FOLDER / binary_name(f"{names[0]}-{names[1]}")
    return binary if binary.is_file() else None


def native_path(spark_home: Path) -> Path:
    """Where the binary of this Spark home lies once it is installed, absolute."""
    return spark_home.expanduser().absolute() / "bin" / SHIM_NAME


def install_native(spark_home: Path) -> Path | None:
    """Copies this machine's binary into `spark_home` and returns its path; None where there is none for it.

    Atomic, and left alone when it is already there unchanged, so that a hook starting meanwhile always finds a whole
    file. Raises OSError.
    """
    binary = native_binary()
    return None if binary is None else place(binary.read_bytes(), native_path(spark_home))
