"""The contract compiled by betterproto2, which shares no code with the protobuf in production."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet

from protos import generate

PLUGIN = "protoc-gen-python_betterproto2"


def compile_contract(package: Path) -> None:
    """Writes our messages as betterproto2 classes into `package`, a folder that Python can import.

    Raises:
        AssertionError: with the compiler's message when it refuses.
    """
    package.mkdir()
    descriptors = FileDescriptorSet.FromString(generate.lay_imports().read_bytes())
    for file in descriptors.file:
        # The plugin asks every file for its comments, also those that come without source.
        file.source_code_info.SetInParent()
    imports = package.with_suffix(".binpb")
    imports.write_bytes(descriptors.SerializeToString())
    binaries = Path(sys.executable).parent
    command = [
        *(sys.executable, "-m", "grpc_tools.protoc"),
        f"--plugin={PLUGIN}={binaries / PLUGIN}",
        f"--descriptor_set_in={imports}",
        f"--proto_path={generate.PROTOS}",
        f"--python_betterproto2_out={package}",
        *generate.own_protos(),
    ]
    # The plugin calls ruff by name.
    environment = {**os.environ, "PATH": os.pathsep.join((str(binaries), os.environ.get("PATH", "")))}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
