"""The local environment is applied for real, carries a hook, is found as it was left, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.integration.fleet import conftest as fleet
from tests.integration.fleet.images import Images
from tests.integration.fleet.podman import Podman
from tests.integration.terraform.program import Terraform

pytestmark = [pytest.mark.containers, pytest.mark.timeout(600)]

NAME = "spark-applied"
SECRETS = ("token", "database_password", "nats_token")

podman = fleet.podman
"""podman with a store of its own, and the images that were built for the fleet."""


@dataclass(frozen=True)
class Local:
    """The environment after its first apply."""

    terraform: Terraform
    podman: Podman
    gateway: str
    values: dict[str, str]
    said: str
    before: dict[str, str]


def what_is_there(podman: Podman) -> dict[str, str]:
    """Names of all that podman keeps, by kind."""
    return {
        "containers": podman("ps", "--all", "--format", "{{.Names}}"),
        "networks": podman("network", "ls", "--format", "{{.Name}}"),
        "volumes": podman("volume", "ls", "--format", "{{.Name}}"),
        "secrets": podman("secret", "ls", "--format", "{{.Name}}"),
    }


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@pytest.fixture(scope="module")
def local(tree: Path, podman: tuple[Podman, Images]) -> Local:
    program, images = podman
    before = what_is_there(program)
    port = free_port()
    values = {name: secrets.token_urlsafe(24) for name in SECRETS}
    given = {
        "name": NAME,
        "spark_image": images.spark,
        "postgres_image": images.postgres,
        "nats_image": images.nats,
        "http_port": port,
    }
    folder = tree / "environments" / "local"
    (folder / "test.auto.tfvars.json").write_text(json.dumps(given))
    environment = {
        **program.environment,
        **{f"TF_VAR_{name}": value for name, value in values.items()},
        "TF_CLI_CONFIG_FILE": os.devnull,
    }
    terraform = Terraform(folder, environment)
    terraform.run("init", "-input=false", "-no-color")
    planned = terraform.run("plan", "-input=false", "-no-color", "-out=first")
    done = terraform.run("apply", "-input=false", "-no-color", "first")
    said = planned.stdout + planned.stderr + done.stdout + done.stderr
    return Local(terraform, program, f"http://127.0.0.1:{port}", values, said, before)


def test_a_hook_is_answered_from_this_machine(local: Local) -> None:
    hook = {"hook_event_name": "SessionStart", "session_id": "of-this-machine", "cwd": "/", "source": "startup"}
    bearer = {"authorization": f"Bearer {local.values['token']}"}
    answer = httpx.post(f"{local.gateway}/v1/hooks/claude-code", json=hook, headers=bearer, timeout=10)
    assert answer.status_code == 200
    stranger = httpx.post(f"{local.gateway}/v1/hooks/claude-code", json=hook, timeout=10)
    assert stranger.status_code == 401


def test_each_process_is_a_container_of_its_own_that_cannot_write(local: Local) -> None:
    names = local.podman("ps", "--format", "{{.Names}}").split()
    own = sorted(name.removeprefix(f"{NAME}-") for name in names if name.startswith(f"{NAME}-"))
    assert own == ["hot", "inference", "nats", "postgres", "telemetry", "worker"]
    for name in own:
        found = json.loads(local.podman("inspect", f"{NAME}-{name}"))[0]
        assert found["HostConfig"]["ReadonlyRootfs"] is True
        assert found["EffectiveCaps"] in (None, [])
        assert found["Config"]["User"] not in ("", "root", "0")


def test_nothing_to_change_is_found(local: Local) -> None:
    ended = local.terraform.run("plan", "-input=false", "-no-color", "-detailed-exitcode", statuses=(0, 2))
    assert ended.returncode == 0, ended.stdout


def test_secrets_are_in_neither_state_nor_plan_nor_output(local: Local) -> None:
    kept = {
        "state": (local.terraform.folder / "terraform.tfstate").read_text(),
        "plan": json.dumps(local.terraform.shown("first")),
        "output": local.said,
    }
    assert [name for name, text in kept.items() for value in local.values.values() if value in text] == []


def test_a_process_that_changes_is_started_anew_and_no_other(local: Local) -> None:
    before = identities(local)
    folder = local.terraform.folder
    settings = json.loads((folder / "test.auto.tfvars.json").read_text())
    processes = {
        "hot": {"services": ["gateway", "router", "packets", "prefetch", "memory"], "only": "calls"},
        "worker": {"services": ["gateway", "packets", "prefetch", "memory", "telemetry"], "only": "events"},
        "telemetry": {"services": ["telemetry"], "only": "calls"},
        "inference": {"services": ["inference"], "only": "calls"},
    }
    (folder / "test.auto.tfvars.json").write_text(json.dumps({**settings, "processes": processes}))
    local.terraform.run("apply", "-auto-approve", "-input=false", "-no-color")
    after = identities(local)
    assert {name for name in after if after[name] != before[name]} == {"inference"}


def identities(local: Local) -> dict[str, str]:
    said = local.podman("ps", "--no-trunc", "--format", "{{.Names}} {{.ID}}")
    pairs = (line.split() for line in said.splitlines())
    return {name.removeprefix(f"{NAME}-"): identity for name, identity in pairs if name.startswith(f"{NAME}-")}


def test_destroy_leaves_nothing(local: Local) -> None:
    local.terraform.run("destroy", "-auto-approve", "-input=false", "-no-color")
    assert what_is_there(local.podman) == local.before
