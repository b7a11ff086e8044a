"""The shape of the repository: small files, no vague names, nothing of one machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINES_AT_MOST = 400
SOURCES = (".py", ".sql", ".proto", ".sh", ".md", ".toml", ".yaml", ".js", ".html", ".css", ".c", ".h")
NOT_BY_HAND = ("contracts/", "host/recordings/bundled/", "LICENSE")
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}


def tracked() -> list[Path]:
    """The files of the repository, those new and not ignored among them."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git work tree: the shape is checked where the repository is")
    return [Path(line) for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def by_hand() -> list[Path]:
    """The files that people write."""
    return [path for path in tracked() if path.suffix in SOURCES and not str(path).startswith(NOT_BY_HAND)]


def test_no_file_is_too_long() -> None:
    long = {
        str(path): count for path in by_hand() if (count := len((ROOT / path).read_text().splitlines())) > LINES_AT_MOST
    }
    assert long == {}


def test_no_name_is_vague() -> None:
    assert [str(path) for path in by_hand() if VAGUE & {part.removesuffix(path.suffix) for part in path.parts}] == []


def test_no_path_of_one_machine() -> None:
    private = re.compile(r"(?:^|[\s\"'=(])/(?:w[o]rk|f[a]rm|r[o]ot)/[A-Za-z0-9._-]+")
    found = [
        str(path) for path in by_hand() if private.search((ROOT / path).read_text()) and path.name != "test_shape.py"
    ]
    assert found == []
