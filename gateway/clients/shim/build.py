"""Builds the native shim for every platform that ships it, and the manifest that the tests hold them to.

`make shim` runs it; it needs the optional group `shim` (ziglang, 100 MB), which carries a compiler and the C libraries
of all targets. The same sources give the same bytes, in whatever folder and at whatever time.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from gateway.clients.shim.native import FOLDER, TARGETS, binary_name

SOURCES = ("spark-hook.c", "json-scan.h")
MANIFEST = FOLDER / "manifest.json"
FLAGS = (
    "-std=c11",
    "-O2",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-s",  # No symbols, and with them no paths.
    "-fno-sanitize=undefined",  # zig's own default, which would need its runtime.
    "-ffile-prefix-map=.=/spark",
)
LINUX_FLAGS = ("-static", "-Wl,--build-id=none")
"""macOS has no static libc: there the binary is linked to the system's, and signed ad hoc by the linker."""


def build(into: Path) -> None:
    """Builds all binaries into a folder.

    Raises:
        subprocess.CalledProcessError: when one does not compile; the compiler has said why.
    """
    into.mkdir(parents=True, exist_ok=True)
    for platform, target in TARGETS.items():
        with tempfile.TemporaryDirectory() as folder:
            # A copy elsewhere, and nothing of an earlier build: what depends on either would show at the next build.
            for source in SOURCES:
                shutil.copy(FOLDER.parent / source, folder)
            known = {"SOURCE_DATE_EPOCH": "0", "ZERO_AR_DATE": "1", "ZIG_LOCAL_CACHE_DIR": f"{folder}/cache"}
            # The linker of macOS writes the file's name into the signature.
            command = [sys.executable, "-m", "ziglang", "cc", "-target", target, *flags(target)]
            command += ["-o", "spark-hook", SOURCES[0]]
            subprocess.run(command, check=True, cwd=folder, env={**os.environ, **known})  # noqa: S603 - our own words
            binary = into / binary_name(platform)
            shutil.copy(Path(folder) / "spark-hook", binary)
            binary.chmod(0o755)


def flags(target: str) -> tuple[str, ...]:
    """What the compiler is given for a target."""
    return (*FLAGS, *(LINUX_FLAGS if "linux" in target else ()))


def described(folder: Path, compiler: str) -> dict[str, object]:
    """The manifest of the binaries in a folder: of what they were made, with what, and their SHA-256."""
    return {
        "compiler": compiler,
        "flags": {target: " ".join(flags(target)) for target in TARGETS.values()},
        "sources": hashes({name: FOLDER.parent / name for name in SOURCES}),
        "binaries": hashes({binary_name(platform): folder / binary_name(platform) for platform in TARGETS}),
    }


def hashes(files: Mapping[str, Path]) -> dict[str, str]:
    """SHA-256 of files, hexadecimal."""
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}


def main() -> None:
    """Builds what is shipped."""
    build(FOLDER)
    compiler = f"ziglang {metadata.version('ziglang')}"
    MANIFEST.write_text(json.dumps(described(FOLDER, compiler), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
