"""Generates `contracts/` from `protos/`; with `--check`, fails when the two are out of step.

buf.validate comes out of the installed protovalidate package, which ships only its descriptor; it is laid into the
ignored folder `protos/.deps`, so no third-party source is committed. `--image FILE` writes what buf lints and compares.
"""

from __future__ import annotations

import argparse
import filecmp
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from protobuf import DescFile
from protovalidate import Violation

PROTOS = Path(__file__).resolve().parent
CONTRACTS = PROTOS.parent / "contracts"
IMPORTED = "buf/validate/validate.proto"
OWN_ROOTS = ("spark", "buf")
MARKER = "py.typed"


def main() -> int:
    """Writes or checks the generated code; returns the process's exit code."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true", help="change nothing; exit 1 when out of step")
    arguments.add_argument("--image", type=Path, help="write the descriptor image here and stop")
    options = arguments.parse_args()
    if options.image:
        write_image(options.image)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        generate(fresh)
        if options.check:
            stale = differences(fresh, CONTRACTS)
            for path in stale:
                print(f"out of step: contracts/{path}", file=sys.stderr)
            if stale:
                print("run `make protos` and commit the result", file=sys.stderr)
            return 1 if stale else 0
        for root in OWN_ROOTS:
            shutil.rmtree(CONTRACTS / root, ignore_errors=True)
            shutil.copytree(fresh / root, CONTRACTS / root)
    return 0


def generate(target: Path) -> None:
    """Writes messages, stubs and their types into `target`."""
    outputs = [f"--python_out={target}", f"--grpc_python_out={target}"]
    outputs += [f"--mypy_out={target}", f"--mypy_grpc_out={target}"]
    protoc([*outputs, *own_protos()])
    protoc([f"--python_out={target}", f"--mypy_out={target}", IMPORTED])
    for root in OWN_ROOTS:
        for folder in [target / root, *(path for path in (target / root).rglob("*") if path.is_dir())]:
            (folder / "__init__.py").touch()
        (target / root / MARKER).touch()


def write_image(path: Path) -> None:
    """Writes our files with comments, and their imports, as one descriptor set."""
    protoc(["--include_source_info", "--include_imports", f"--descriptor_set_out={path}", *own_protos()])


def own_protos() -> list[str]:
    """Our files by the names that imports use."""
    return sorted(path.relative_to(PROTOS).as_posix() for path in (PROTOS / "spark").rglob("*.proto"))


def protoc(arguments: list[str]) -> None:
    """Runs the pinned compiler; exits with its message when it refuses."""
    binaries = Path(sys.executable).parent
    plugins = [f"--plugin={name}={binaries / name}" for name in ("protoc-gen-mypy", "protoc-gen-mypy_grpc")]
    imports = [f"--descriptor_set_in={lay_imports()}", f"--proto_path={PROTOS}"]
    command = [sys.executable, "-m", "grpc_tools.protoc", *plugins, *imports, *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603  (our own arguments)
    if done.returncode:
        sys.exit(done.stderr)


def lay_imports() -> Path:
    """Writes the descriptors of what we import, out of the installed packages, and returns their path."""
    folder = PROTOS / ".deps"
    folder.mkdir(exist_ok=True)
    path = folder / "imports.binpb"
    files: dict[str, bytes] = {}

    def lay(file: DescFile) -> None:
        for needed in file.dependencies:
            lay(needed)
        files.setdefault(file.name, file.proto.to_binary())

    lay(Violation().proto.desc().file)
    descriptors = FileDescriptorSet(file=[FileDescriptorProto.FromString(file) for file in files.values()])
    path.write_bytes(descriptors.SerializeToString(deterministic=True))
    return path


def differences(fresh: Path, committed: Path) -> list[str]:
    """Files that differ, or stand on one side only, by their path under the contracts folder."""
    paths = {
        path.relative_to(side).as_posix()
        for side in (fresh, committed)
        for path in side.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    return sorted(path for path in paths if not same(fresh / path, committed / path))


def same(left: Path, right: Path) -> bool:
    """Whether both files exist with the same bytes."""
    return left.is_file() and right.is_file() and filecmp.cmp(left, right, shallow=False)


if __name__ == "__main__":
    sys.exit(main())
