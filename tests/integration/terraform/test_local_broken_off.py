"""An apply of the local environment that breaks off leaves nothing behind that a destroy would not find."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.integration.terraform.program import Terraform

pytestmark = pytest.mark.timeout(120)

TOKEN = "a-token-of-24-characters"

PODMAN = """#!/bin/sh
# Keeps each thing as a file of its name in the folder of its kind; can make but so many.
kept={folder}/$1
mkdir -p "$kept"
case "$2" in
  create) [ "$(ls "$kept" | wc -l)" -lt {most} ] && [ ! -e "$kept/$3" ] && cat >"$kept/$3" ;;
  rm) shift 2; status=0; for name; do rm "$kept/$name" || status=1; done; exit $status ;;
esac
"""


@pytest.mark.parametrize("kind", ["secret", "volume"])
def test_what_came_half_to_be_is_removed(tree: Path, tmp_path: Path, kind: str) -> None:
    podman = tmp_path / "podman"
    podman.write_text(PODMAN.format(folder=tmp_path / "kept", most=1))
    podman.chmod(0o755)
    given = {
        "TF_CLI_CONFIG_FILE": os.devnull,
        "TF_VAR_podman": str(podman),
        **{f"TF_VAR_{name}": TOKEN for name in ("token", "database_password", "nats_token")},
        **{f"TF_VAR_{name}": f"{name}:1" for name in ("spark_image", "postgres_image", "nats_image")},
    }
    terraform = Terraform(tree / "environments" / "local", given)
    terraform.run("init", "-input=false", "-no-color")
    only = f"-target=terraform_data.{kind}s"
    said = terraform.run("apply", "-auto-approve", "-input=false", "-no-color", only, statuses=(1,))
    assert os.listdir(tmp_path / "kept" / kind) == []
    assert TOKEN not in said.stdout + said.stderr
    terraform.run("destroy", "-auto-approve", "-input=false", "-no-color")
