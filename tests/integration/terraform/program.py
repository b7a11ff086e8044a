"""The terraform program, on a copy of the repository's configuration."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[3]
SOURCE = REPOSITORY / "infra" / "terraform"

PROVIDER = "registry.terraform.io/hashicorp/aws"
NOT_THERE = ("/proc", "/sys", "/dev", "/run", "/tmp", "/var/lib/containers")


def missing() -> str | None:
    """What is not there and has to be; None where all is."""
    return None if shutil.which("terraform") else "terraform (1.11 or newer) is not installed, so nothing is applied"


@functools.cache
def mirror() -> Path | None:
    """A folder with providers, where a machine without their registry keeps them; None leaves it to the registry."""
    pruned = [word for path in NOT_THERE for word in ("-path", path, "-o")]
    walk = ["find", "/", "-xdev", "-maxdepth", "6", "(", *pruned, "-name", ".*", "-o", "-name", "site-packages", ")"]
    found = subprocess.run(
        [*walk, "-prune", "-o", "-type", "d", "-path", f"*/{PROVIDER}", "-print", "-quit"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return Path(found.removesuffix(f"/{PROVIDER}")) if found else None


def configure(file: Path, cache: Path) -> None:
    """Writes the program's own configuration: where providers come from, and that each is fetched once."""
    if (folder := mirror()) is not None:
        file.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{folder}"\n  }}\n}}\n')
    else:
        cache.mkdir()
        file.write_text(f'plugin_cache_dir = "{cache}"\nplugin_cache_may_break_dependency_lock_file = true\n')


def copied(to: Path) -> Path:
    """A copy of the configuration that may be written to, with the one file beside it that it reads."""
    tree = to / "infra" / "terraform"
    leave = shutil.ignore_patterns(".terraform", "*.tfstate*")
    shutil.copytree(SOURCE, tree, ignore=leave)
    (to / "chassis").mkdir()
    shutil.copy(REPOSITORY / "chassis" / "slo.yaml", to / "chassis")
    configure(to / "terraform.rc", to / "plugins")
    return tree


@dataclass(frozen=True)
class Terraform:
    """The program in one folder of a copy."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, *words: str, statuses: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
        """`terraform WORDS…`; a status that is none of `statuses` fails the test with what was said."""
        ended = subprocess.run(
            ["terraform", *words],
            cwd=self.folder,
            env={**os.environ, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode in statuses, (
            f"terraform {' '.join(words)}\n{ended.stdout[-8000:]}\n{ended.stderr[-8000:]}"
        )
        return ended

    def shown(self, *file: str) -> dict[str, Any]:
        """A plan or, without one, the state, as JSON."""
        return json.loads(self.run("show", "-json", *file).stdout)


def settings_of(tree: Path, endpoint: str) -> dict[str, str]:
    """The environment in which everything that speaks to AWS speaks to `endpoint`."""
    return {
        "TF_CLI_CONFIG_FILE": str(tree.parents[1] / "terraform.rc"),
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
