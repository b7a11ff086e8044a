"""What is shipped, where it is installed, and the command that runs it."""

from __future__ import annotations

import importlib.util
import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.clients.shim import build, native
from gateway.clients.shim.command import hook_command, install_hook_shim, python_path
from gateway.clients.shim.native import TARGETS, binary_name, install_native, native_binary, native_path
from gateway.clients.shim.placing import PYTHON_SOURCE

LARGEST = 100 * 1024
MACHINES = {"linux-x86_64": 62, "linux-aarch64": 183, "macos-x86_64": 0x01000007, "macos-aarch64": 0x0100000C}
"""Numbers of the processors, as ELF and Mach-O have them."""


def manifest() -> dict[str, object]:
    return json.loads(build.MANIFEST.read_text(encoding="utf-8"))


def test_sources_and_binaries_are_those_that_were_built_together() -> None:
    told = manifest()
    assert build.described(native.FOLDER, str(told["compiler"])) == told, "run `make shim` and commit what it writes"


def test_the_compiler_is_the_one_that_is_pinned() -> None:
    project = (PYTHON_SOURCE.parents[3] / "pyproject.toml").read_text(encoding="utf-8")
    assert f'"{str(manifest()["compiler"]).replace(" ", "==")}"' in project


@pytest.mark.timeout(900)
def test_the_same_bytes_are_built_again(tmp_path: Path) -> None:
    """The first build on a machine takes minutes: it makes the C libraries as well."""
    if importlib.util.find_spec("ziglang") is None:
        assert not os.environ.get("CI"), "in CI the shim is built again: `make .venv/.compiler`"
        pytest.skip("THE NATIVE SHIM IS NOT REBUILT AND COMPARED: install the group `shim` (ziglang) to do so")
    build.build(tmp_path / "elsewhere")
    for platform in TARGETS:
        name = binary_name(platform)
        assert (tmp_path / "elsewhere" / name).read_bytes() == (native.FOLDER / name).read_bytes(), name


@pytest.mark.parametrize("platform", TARGETS)
def test_each_binary_is_small_runs_by_itself_and_tells_no_path(platform: str) -> None:
    binary = native.FOLDER / binary_name(platform)
    content = binary.read_bytes()
    assert len(content) <= LARGEST
    assert os.access(binary, os.X_OK)
    for trace in (b"/home/", b"/tmp/", b"/root/", b".zig-cache", str(PYTHON_SOURCE.parent).encode()):
        assert trace not in content
    if platform.startswith("linux"):
        assert content[:4] == b"\x7fELF"
        assert struct.unpack_from("<H", content, 18) == (MACHINES[platform],)
        assert not elf_segments(content) & {2, 3}, "it needs a dynamic linker"
    else:
        assert struct.unpack_from("<II", content) == (0xFEEDFACF, MACHINES[platform])
        assert mach_libraries(content) == [b"/usr/lib/libSystem.B.dylib"]
        # Macs with their own processors run nothing that is not signed.
        assert 0x1D in mach_commands(content) or platform == "macos-x86_64"


def elf_segments(content: bytes) -> set[int]:
    """Types of the program headers; 2 is a dynamic section, 3 names an interpreter."""
    (start,), (size, count) = struct.unpack_from("<Q", content, 32), struct.unpack_from("<HH", content, 54)
    return {struct.unpack_from("<I", content, start + index * size)[0] for index in range(count)}


def mach_commands(content: bytes) -> dict[int, list[bytes]]:
    """Load commands by their number."""
    commands: dict[int, list[bytes]] = {}
    at = 32
    for _ in range(struct.unpack_from("<I", content, 16)[0]):
        number, size = struct.unpack_from("<II", content, at)
        commands.setdefault(number, []).append(content[at : at + size])
        at += size
    return commands


def mach_libraries(content: bytes) -> list[bytes]:
    """What the loader has to bring along."""
    loads = mach_commands(content).get(0xC, [])
    return [load[struct.unpack_from("<I", load, 8)[0] :].rstrip(b"\0") for load in loads]


@pytest.mark.parametrize(
    ("system", "machine", "name"),
    [
        ("linux", "x86_64", "spark-hook-linux-x86_64"),
        ("linux", "aarch64", "spark-hook-linux-aarch64"),
        ("darwin", "arm64", "spark-hook-macos-aarch64"),
        ("darwin", "x86_64", "spark-hook-macos-x86_64"),
        ("linux", "riscv64", None),
        ("win32", "AMD64", None),
        ("freebsd14", "amd64", None),
        ("linux", "", None),
    ],
)
def test_the_binary_is_that_of_the_machine(system: str, machine: str, name: str | None) -> None:
    binary = native_binary(system, machine or "unknown")
    assert (None if binary is None else binary.name) == name


def test_installing_again_leaves_the_file_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    target = install_native(home)
    if target is None:
        pytest.skip("no native shim is shipped for this machine")
    assert target == native_path(home)
    before = target.stat()
    assert before.st_mode & 0o777 == 0o755
    assert home.stat().st_mode & 0o777 == 0o700
    assert install_native(home) == target
    assert target.stat().st_ino == before.st_ino
    target.write_bytes(b"of an older Spark")
    assert install_native(home) == target
    assert target.read_bytes() == (native_binary() or target).read_bytes() != b"of an older Spark"
    target.chmod(0o600)
    assert install_native(home) == target
    assert target.stat().st_mode & 0o777 == 0o755
    assert [path.name for path in target.parent.iterdir()] == ["spark-hook"]


def test_where_no_binary_fits_the_one_in_python_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "FOLDER", tmp_path / "nothing shipped")
    shim = install_hook_shim(tmp_path)
    assert shim == python_path(tmp_path) == tmp_path / "bin" / "spark-hook.py"
    assert shim.read_bytes() == PYTHON_SOURCE.read_bytes()


@pytest.mark.parametrize("kind", ["native", "python"])
def test_the_command_runs_what_is_installed_and_is_silent_when_it_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    home = tmp_path / "it's a $HOME"
    if kind == "python":
        monkeypatch.setattr(native, "FOLDER", tmp_path)
    shim = install_hook_shim(home)
    command = hook_command(shim, home, "codex", sys.executable)
    assert command == hook_command(install_hook_shim(home), home, "codex", sys.executable)
    # The shell is replaced: what runs in its place is the shim, which its client can end.
    seen = subprocess.run(["/bin/sh", "-c", f"set -x; {command}"], input=b"", capture_output=True, check=True)
    assert seen.stdout == b""
    assert b"exec" in seen.stderr
    shim.unlink()
    done = subprocess.run(["/bin/sh", "-c", command], input=b"{}", capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
