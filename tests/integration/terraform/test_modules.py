"""Each module keeps to its style, is valid, and passes the tests that lie beside it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.integration.terraform.program import SOURCE, Terraform, settings_of

pytestmark = pytest.mark.timeout(300)

MODULES = sorted(found.name for found in (SOURCE / "modules").iterdir() if found.is_dir())


def test_all_is_formatted(tree: Path, endpoint: str) -> None:
    Terraform(tree, settings_of(tree, endpoint)).run("fmt", "-check", "-diff", "-recursive")


@pytest.mark.parametrize("name", MODULES)
def test_of_a_module(name: str, tree: Path, endpoint: str) -> None:
    terraform = Terraform(tree / "modules" / name, settings_of(tree, endpoint))
    terraform.run("init", "-input=false", "-no-color")
    terraform.run("validate", "-no-color")
    said = terraform.run("test", "-no-color").stdout
    counted = re.search(r"Success! (\d+) passed, 0 failed\.", said)
    assert counted, said
    assert int(counted.group(1)) >= 2, said


@pytest.mark.parametrize("name", MODULES)
def test_what_goes_in_and_out_is_described(name: str) -> None:
    folder = SOURCE / "modules" / name
    for file in ("variables.tf", "outputs.tf"):
        blocks = re.split(r"(?m)^(?=variable |output )", (folder / file).read_text())[1:]
        assert blocks, f"{name}/{file}"
        assert [block.splitlines()[0] for block in blocks if not re.search(r"(?m)^  description = ", block)] == []
