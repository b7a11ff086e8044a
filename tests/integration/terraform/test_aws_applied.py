"""The AWS environment is planned, applied, found as it was left, and destroyed, on an API of AWS on loopback.

No such API is the real one: it takes what is well formed, and runs nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.terraform import policy
from tests.integration.terraform.aws_asked import Aws
from tests.integration.terraform.program import Terraform, settings_of

pytestmark = pytest.mark.timeout(600)

# The provider waits out delays that are made for the real AWS; waiting side by side is shorter.
SIDE_BY_SIDE = "-parallelism=40"
REGISTRY = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"


@dataclass(frozen=True)
class Applied:
    """The environment after its first apply."""

    terraform: Terraform
    aws: Aws
    before: dict[str, list[str]]
    first_plan: dict[str, Any]
    state: dict[str, Any]
    said: str
    """All that plan and apply printed."""


@pytest.fixture(scope="module")
def applied(tree: Path, endpoint: str) -> Applied:
    aws = Aws(endpoint)
    before = aws.left_over()
    given: dict[str, Any] = {
        "domain": "spark.example.com",
        "certificate_arn": aws.certificate("spark.example.com"),
        "image": f"{REGISTRY}/spark:0.1.0",
        "nats_image": f"{REGISTRY}/nats:2.15.1",
        "emails": ["ops@example.com"],
        "monthly_usd": 300,
        "protected": False,
        "gpu": {},
    }
    folder = tree / "environments" / "aws"
    (folder / "test.auto.tfvars.json").write_text(json.dumps(given))
    terraform = Terraform(folder, settings_of(tree, endpoint))
    terraform.run("init", "-input=false", "-lockfile=readonly", "-no-color")
    planned = terraform.run("plan", "-input=false", "-no-color", SIDE_BY_SIDE, "-out=first")
    first_plan = terraform.shown("first")
    done = terraform.run("apply", "-input=false", "-no-color", SIDE_BY_SIDE, "first")
    said = planned.stdout + planned.stderr + done.stdout + done.stderr
    return Applied(terraform, aws, before, first_plan, terraform.shown(), said)


def test_the_first_plan_breaks_no_rule(applied: Applied) -> None:
    assert policy.refusals(applied.first_plan) == []


def test_what_was_applied_breaks_no_rule_and_is_known_whole(applied: Applied) -> None:
    assert policy.refusals(applied.state) == []
    assert policy.unjudged(applied.state) == []
    assert len(policy.resources_of(applied.state)) > 100


def test_a_second_plan_finds_nothing_to_change(applied: Applied) -> None:
    ended = applied.terraform.run("plan", "-no-color", "-detailed-exitcode", SIDE_BY_SIDE, statuses=(0, 2))
    assert ended.returncode == 0, ended.stdout[-8000:]


def test_no_secret_is_in_state_plan_or_output(applied: Applied) -> None:
    secrets = applied.aws.secrets("spark/")
    assert set(secrets) == {"spark/token", "spark/database-password", "spark/nats-url"}
    token_of_the_bus = secrets["spark/nats-url"].removeprefix("nats://").partition("@")[0]
    values = {secrets["spark/token"], secrets["spark/database-password"], token_of_the_bus}
    assert len(values) == 3
    assert all(len(value) == 48 for value in values)
    folder = applied.terraform.folder
    kept = {
        "state": (folder / "terraform.tfstate").read_text(),
        "state as shown": json.dumps(applied.state),
        "plan as shown": json.dumps(applied.first_plan),
        "output": applied.said,
    }
    assert [name for name, text in kept.items() for value in values if value in text] == []


def test_every_process_gets_its_secrets_by_their_arns(applied: Applied) -> None:
    definitions = [
        json.loads(found.values["container_definitions"])[0]
        for found in policy.resources_of(applied.state)
        if found.type == "aws_ecs_task_definition"
    ]
    serving = [found for found in definitions if found["command"][0] == "serve"]
    assert len(serving) == 4
    for container in serving:
        given: dict[str, Any] = {secret["name"]: secret["valueFrom"] for secret in container["secrets"]}
        assert set(given) == {"SPARK_TOKEN", "SPARK_NATS_URL", "PGPASSWORD"}
        assert all(arn.startswith("arn:aws:secretsmanager:") for arn in given.values())


def test_a_process_is_told_where_the_services_are_that_it_does_not_carry(applied: Applied) -> None:
    told = {
        found.values["family"]: {
            entry["name"]: entry["value"]
            for entry in json.loads(found.values["container_definitions"])[0]["environment"]
            if entry["name"].endswith("_ADDR")
        }
        for found in policy.resources_of(applied.state)
        if found.type == "aws_ecs_task_definition"
    }
    inner = "grpcs://rpc.internal.spark.example.com"
    assert told["spark-hot"] == {"SPARK_TELEMETRY_ADDR": inner, "SPARK_INFERENCE_ADDR": inner}
    assert "SPARK_TELEMETRY_ADDR" not in told["spark-telemetry"]
    assert set(told["spark-telemetry"]) == {
        f"SPARK_{name}_ADDR" for name in ("GATEWAY", "ROUTER", "PACKETS", "MEMORY", "PREFETCH", "INFERENCE")
    }


@pytest.mark.parametrize(("exit_code", "status"), [("0", 0), ("1", 1), ("None", 1)])
def test_the_job_ends_as_its_container_does(applied: Applied, tmp_path: Path, exit_code: str, status: int) -> None:
    """The command waits for the job: processes of a newer image end where the schema is not there yet."""
    asked = tmp_path / "asked"
    stand_in = tmp_path / "aws"
    stand_in.write_text(f"""#!/bin/sh
echo "$*" >> {asked}
case "$*" in *run-task*) echo arn:of-the-task ;; *describe-tasks*) echo {exit_code} ;; esac
""")
    stand_in.chmod(0o755)
    command = applied.terraform.run("output", "-raw", "migrate_command").stdout
    path = f"{tmp_path}:{os.environ['PATH']}"
    ended = subprocess.run(["sh"], input=command, env={"PATH": path}, capture_output=True, text=True, check=False)
    assert ended.returncode == status
    calls = asked.read_text().splitlines()
    assert [call.split()[3] for call in calls] == ["run-task", "wait", "describe-tasks"]
    assert "awsvpcConfiguration={subnets=[subnet-" in calls[0]
    assert all("--tasks arn:of-the-task" in call for call in calls[1:])


def test_destroy_leaves_nothing(applied: Applied) -> None:
    applied.terraform.run("destroy", "-auto-approve", "-no-color", SIDE_BY_SIDE)
    assert applied.terraform.run("state", "list").stdout.strip() == ""
    assert applied.aws.left_over() == applied.before
