"""The policy over Terraform's plans refuses all that it is there to refuse, and nothing that is as it should be."""

from __future__ import annotations

import ipaddress
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from infra.terraform import policy

Values = dict[str, Any]
PROGRAM = Path(policy.__file__)


def plan_of(*resources: tuple[str, Values]) -> dict[str, Any]:
    """A plan with these resources, each by its address without an index: `module.edge.aws_lb.this`."""
    return {
        "planned_values": {
            "root_module": {
                "child_modules": [
                    {
                        "resources": [
                            {"address": address, "mode": "managed", "type": address.split(".")[-2], "values": values}
                            for address, values in resources
                        ]
                    }
                ]
            }
        }
    }


def rules_broken(*resources: tuple[str, Values]) -> list[str]:
    return [refusal.rule for refusal in policy.refusals(plan_of(*resources))]


def role_policy(**statement: Any) -> tuple[str, Values]:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}
    return "aws_iam_role_policy.this", {"policy": json.dumps(document)}


def trust(principal: Any) -> tuple[str, Values]:
    document = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}]}
    return "aws_iam_role.this", {"assume_role_policy": json.dumps(document)}


def ingress(address: str = "aws_vpc_security_group_ingress_rule.this", **values: Any) -> tuple[str, Values]:
    return address, {"ip_protocol": "tcp", "from_port": 443, "to_port": 443, **values}


def container_with(name: str, value: str) -> tuple[str, Values]:
    container = {"name": "spark", "environment": [{"name": name, "value": value}]}
    return "aws_ecs_task_definition.this", {"container_definitions": json.dumps([container])}


PUBLIC_BALANCER = ("module.edge.aws_lb.this", {"internal": False, "security_groups": ["sg-edge"]})
INNER_BALANCER = ("module.rpc.aws_lb.this", {"internal": True, "security_groups": ["sg-rpc"]})
EVERYBODY = {"cidr_ipv4": "0.0.0.0/0"}

BROKEN: dict[str, tuple[str, list[tuple[str, Values]]]] = {
    "an instance of a database with a public address": (
        "public database",
        [("aws_rds_cluster_instance.this", {"publicly_accessible": True})],
    ),
    "an instance of a database that does not say": ("public database", [("aws_rds_cluster_instance.this", {})]),
    "a task with a public address": (
        "public address",
        [("aws_ecs_service.this", {"network_configuration": [{"assign_public_ip": True}]})],
    ),
    "an instance with a public address": (
        "public address",
        [("aws_instance.this", {"associate_public_ip_address": True, "root_block_device": [{"encrypted": True}]})],
    ),
    "a subnet that gives public addresses": (
        "public address",
        [("aws_subnet.this", {"map_public_ip_on_launch": True})],
    ),
    "443 to everybody without a public balancer": ("open security group", [ingress(**EVERYBODY), INNER_BALANCER]),
    "443 of another group than the public balancer's": (
        "open security group",
        [ingress(**EVERYBODY, security_group_id="sg-tasks"), PUBLIC_BALANCER],
    ),
    "443 of another module than the public balancer's": (
        "open security group",
        [ingress("module.bus.aws_vpc_security_group_ingress_rule.this", **EVERYBODY), PUBLIC_BALANCER],
    ),
    "another port of the public balancer": (
        "open security group",
        [ingress(**EVERYBODY, from_port=22, to_port=22, security_group_id="sg-edge"), PUBLIC_BALANCER],
    ),
    "a span of ports that has 443 in it": (
        "open security group",
        [ingress(**EVERYBODY, from_port=80, to_port=443, security_group_id="sg-edge"), PUBLIC_BALANCER],
    ),
    "all protocols of the public balancer": (
        "open security group",
        [ingress(**EVERYBODY, ip_protocol="-1", security_group_id="sg-edge"), PUBLIC_BALANCER],
    ),
    "everybody by IPv6": ("open security group", [ingress(cidr_ipv6="::/0", from_port=5432, to_port=5432)]),
    "half of everybody": ("open security group", [ingress(cidr_ipv4="128.0.0.0/1", from_port=5432, to_port=5432)]),
    "a group with a rule inside": (
        "open security group",
        [
            (
                "aws_security_group.this",
                {"ingress": [{"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["0.0.0.0/0"]}]},
            )
        ],
    ),
    "a rule of the older kind": (
        "open security group",
        [
            (
                "aws_security_group_rule.this",
                {"type": "ingress", "from_port": 4222, "to_port": 4222, "ipv6_cidr_blocks": ["::/0"]},
            )
        ],
    ),
    "a listener of HTTP": (
        "balancer in the clear",
        [("aws_lb_listener.this", {"protocol": "HTTP", "default_action": [{"type": "forward"}]})],
    ),
    "a listener that redirects to where it is": (
        "balancer in the clear",
        [
            (
                "aws_lb_listener.this",
                {"protocol": "HTTP", "default_action": [{"type": "redirect", "redirect": [{"protocol": "HTTP"}]}]},
            )
        ],
    ),
    "a listener of TCP": (
        "balancer in the clear",
        [("aws_lb_listener.this", {"protocol": "TCP", "default_action": [{"type": "forward"}]})],
    ),
    "a listener that does not say": ("balancer in the clear", [("aws_lb_listener.this", {})]),
    "every action": ("wildcard role", [role_policy(Action="*", Resource="arn:aws:s3:::one/key")]),
    "every action of a service": ("wildcard role", [role_policy(Action=["s3:*"], Resource="arn:aws:s3:::one/key")]),
    "every action of a kind": ("wildcard role", [role_policy(Action="s3:Get*", Resource="arn:aws:s3:::one/key")]),
    "every resource": ("wildcard role", [role_policy(Action="secretsmanager:GetSecretValue", Resource="*")]),
    "every resource of a kind": (
        "wildcard role",
        [role_policy(Action="secretsmanager:GetSecretValue", Resource=["arn:aws:secretsmanager:*:*:secret:*"])],
    ),
    "every bucket": ("wildcard role", [role_policy(Action="s3:GetObject", Resource="arn:aws:s3:::*")]),
    "every repository": (
        "wildcard role",
        [role_policy(Action="ecr:BatchGetImage", Resource="arn:aws:ecr:eu-central-1:123456789012:repository/*")],
    ),
    "every resource of a kind, without the last colon": (
        "wildcard role",
        [
            role_policy(
                Action="secretsmanager:GetSecretValue",
                Resource="arn:aws:secretsmanager:eu-central-1:123456789012:secret*",
            )
        ],
    ),
    "every bucket by a letter": ("wildcard role", [role_policy(Action="s3:GetObject", Resource="arn:aws:s3:::?*")]),
    "every key of every bucket": ("wildcard role", [role_policy(Action="s3:GetObject", Resource="arn:aws:s3:::*/key")]),
    "an action with a letter left open": (
        "wildcard role",
        [role_policy(Action="iam:CreateUse?", Resource="arn:aws:s3:::one/key")],
    ),
    "figures to any namespace but one": (
        "wildcard role",
        [
            role_policy(
                Action="cloudwatch:PutMetricData",
                Resource="*",
                Condition={"StringNotEquals": {"cloudwatch:namespace": "spark-bus"}},
            )
        ],
    ),
    "any role of any account": ("wildcard role", [trust({"AWS": "arn:aws:iam::*:root"})]),
    "a user with a policy of AWS's own": (
        "wildcard role",
        [("aws_iam_user_policy_attachment.this", {"policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"})],
    ),
    "a secret for anybody": (
        "wildcard role",
        [("aws_secretsmanager_secret_policy.this", {"policy": trust("*")[1]["assume_role_policy"]})],
    ),
    "a repository for anybody": (
        "wildcard role",
        [("aws_ecr_repository_policy.this", {"policy": trust({"AWS": "*"})[1]["assume_role_policy"]})],
    ),
    "one action with a reason, and one without": (
        "wildcard role",
        [role_policy(Action=["ecr:GetAuthorizationToken", "ecr:BatchGetImage"], Resource="*")],
    ),
    "figures to any namespace": ("wildcard role", [role_policy(Action="cloudwatch:PutMetricData", Resource="*")]),
    "all but one action": ("wildcard role", [role_policy(NotAction="iam:PassRole", Resource="arn:aws:s3:::one/key")]),
    "all but one resource": ("wildcard role", [role_policy(Action="s3:GetObject", NotResource="arn:aws:s3:::one/key")]),
    "anybody": ("wildcard role", [trust("*")]),
    "any account": ("wildcard role", [trust({"AWS": ["*"]})]),
    "a policy of AWS's own": (
        "wildcard role",
        [("aws_iam_role_policy_attachment.this", {"policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"})],
    ),
    "a role with a policy of AWS's own": (
        "wildcard role",
        [("aws_iam_role.this", {"managed_policy_arns": ["arn:aws:iam::aws:policy/PowerUserAccess"]})],
    ),
    "a role with a policy inside": (
        "wildcard role",
        [("aws_iam_role.this", {"inline_policy": [{"policy": role_policy(Action="*", Resource="*")[1]["policy"]}]})],
    ),
    "a cluster in the clear": ("unencrypted storage", [("aws_rds_cluster.this", {"storage_encrypted": False})]),
    "a cluster that does not say": ("unencrypted storage", [("aws_rds_cluster.this", {})]),
    "a volume in the clear": ("unencrypted storage", [("aws_ebs_volume.this", {"encrypted": False})]),
    "a file system in the clear": ("unencrypted storage", [("aws_efs_file_system.this", {"encrypted": False})]),
    "an instance whose root does not say": ("unencrypted storage", [("aws_instance.this", {})]),
    "a template with one disk of two in the clear": (
        "unencrypted storage",
        [
            (
                "aws_launch_template.this",
                {"block_device_mappings": [{"ebs": [{"encrypted": "true"}]}, {"ebs": [{"encrypted": "false"}]}]},
            )
        ],
    ),
    "a password": (
        "kept secret",
        [("aws_rds_cluster.this", {"storage_encrypted": True, "master_password": "correct horse"})],
    ),
    "a token among a task's settings": (
        "kept secret",
        [container_with("SPARK_TOKEN", "abc")],
    ),
    "a key of somebody's API among a task's settings": ("kept secret", [container_with("OPENAI_API_KEY", "sk-1")]),
    "a password in the URL of a database": (
        "kept secret",
        [container_with("SPARK_DATABASE_URL", "postgresql://spark:horse@db:5432/spark")],
    ),
    "a token in the URL of NATS": ("kept secret", [container_with("BUS", "nats://horse@nats:4222")]),
    "the value of a secret": ("kept secret", [("aws_secretsmanager_secret_version.this", {"secret_string": "abc"})]),
}


@pytest.mark.parametrize("what", BROKEN)
def test_refused(what: str) -> None:
    rule, resources = BROKEN[what]
    assert rule in rules_broken(*resources)


def test_every_rule_is_broken_by_something() -> None:
    named = {rule.__name__.replace("_", " ") for rule in policy.RULES}
    assert named == {rule for rule, _ in BROKEN.values()}


ALLOWED: dict[str, list[tuple[str, Values]]] = {
    "a private database, encrypted": [
        ("aws_rds_cluster.this", {"storage_encrypted": True, "master_password": None}),
        ("aws_rds_cluster_instance.this", {"publicly_accessible": False}),
    ],
    "443 of the public balancer": [ingress(**EVERYBODY, security_group_id="sg-edge"), PUBLIC_BALANCER],
    "443 of the public balancer that has no id yet": [
        ingress("module.edge.aws_vpc_security_group_ingress_rule.this", **EVERYBODY),
        PUBLIC_BALANCER,
    ],
    "a rule for another group": [ingress(referenced_security_group_id="sg-tasks", from_port=5432, to_port=5432)],
    "the way out": [("aws_vpc_security_group_egress_rule.this", {"ip_protocol": "-1", **EVERYBODY})],
    "a listener that redirects": [
        (
            "aws_lb_listener.this",
            {"protocol": "HTTP", "default_action": [{"type": "redirect", "redirect": [{"protocol": "HTTPS"}]}]},
        )
    ],
    "what knows no resource": [role_policy(Action="ecr:GetAuthorizationToken", Resource="*")],
    "figures to one namespace": [
        role_policy(
            Action="cloudwatch:PutMetricData",
            Resource="*",
            Condition={"StringEquals": {"cloudwatch:namespace": "spark-bus"}},
        )
    ],
    "streams of one log": [
        role_policy(
            Action=["logs:PutLogEvents"],
            Resource="arn:aws:logs:eu-central-1:123456789012:log-group:/spark/processes:log-stream:hot/*",
        )
    ],
    "a topic for those of its account": [
        (
            "aws_sns_topic.this",
            {
                "policy": json.dumps(
                    {
                        "Statement": {
                            "Effect": "Allow",
                            "Action": "SNS:Publish",
                            "Principal": {"AWS": "*"},
                            "Condition": {"StringEquals": {"AWS:SourceOwner": "123456789012"}},
                        }
                    }
                )
            },
        )
    ],
    "what calls something else a policy": [("aws_backup_selection.this", {"policy": ""})],
    "settings that open nothing": [
        container_with("SPARK_DATABASE_URL", "postgresql://spark@db:5432/spark?sslmode=require"),
        container_with("SPARK_MAX_TOKENS", "300"),
        container_with("SPARK_SECRETS_GENERATION", "1"),
    ],
    "a refusal of everything": [
        (
            "aws_iam_role_policy.this",
            {"policy": json.dumps({"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}})},
        )
    ],
    "a service that may take it": [trust({"Service": "ecs-tasks.amazonaws.com"})],
}


@pytest.mark.parametrize("what", ALLOWED)
def test_allowed(what: str) -> None:
    assert policy.refusals(plan_of(*ALLOWED[what])) == []


@given(
    address=some.ip_addresses(v=4),
    length=some.integers(0, policy.OPEN_PREFIX - 1),
    low=some.integers(0, 65535),
    span=some.integers(0, 1000),
)
def test_everybody_is_refused_on_all_other_ports(
    address: ipaddress.IPv4Address, length: int, low: int, span: int
) -> None:
    high = min(65535, low + span)
    rule = ingress(cidr_ipv4=f"{address}/{length}", from_port=low, to_port=high, security_group_id="sg-edge")
    refused = rules_broken(rule, PUBLIC_BALANCER) == ["open security group"]
    assert refused != (low == high and low in policy.WEB)


@given(address=some.ip_addresses(v=4), length=some.integers(policy.OPEN_PREFIX, 32), port=some.integers(0, 65535))
def test_a_narrow_range_is_let_in(address: ipaddress.IPv4Address, length: int, port: int) -> None:
    assert rules_broken(ingress(cidr_ipv4=f"{address}/{length}", from_port=port, to_port=port)) == []


@given(
    service=some.from_regex(r"[a-z0-9]{2,12}", fullmatch=True), verb=some.from_regex(r"[A-Za-z]{0,8}", fullmatch=True)
)
def test_an_action_with_a_star_is_refused(service: str, verb: str) -> None:
    one = "arn:aws:s3:::one/key"
    assert rules_broken(role_policy(Action=f"{service}:{verb}*", Resource=one)) == ["wildcard role"]


def test_a_state_is_judged_as_a_plan_is() -> None:
    planned = plan_of(("aws_ebs_volume.this", {"encrypted": False}))
    assert len(policy.refusals({"values": planned["planned_values"]})) == 1


def test_rights_that_are_not_known_yet_are_named() -> None:
    assert policy.unjudged(plan_of(("aws_iam_role_policy.this", {}))) == ["aws_iam_role_policy.this"]
    assert policy.unjudged(plan_of(role_policy(Action="s3:GetObject", Resource="arn:aws:s3:::one/key"))) == []


def test_ranges_that_are_not_known_yet_are_named() -> None:
    plan = plan_of(ingress(), ingress("module.a.aws_vpc_security_group_ingress_rule.this", cidr_ipv4="10.0.0.0/8"))
    plan["resource_changes"] = [
        {"address": "aws_vpc_security_group_ingress_rule.this", "change": {"after_unknown": {"cidr_ipv4": True}}},
        {"address": "module.a.aws_vpc_security_group_ingress_rule.this", "change": {"after_unknown": {"id": True}}},
    ]
    assert policy.unjudged(plan) == ["aws_vpc_security_group_ingress_rule.this"]


def test_what_is_no_plan_is_an_error() -> None:
    with pytest.raises(ValueError, match="terraform show -json"):
        policy.refusals({"resource_changes": []})


@pytest.mark.parametrize(("encrypted", "status"), [(True, 0), (False, 1)])
def test_as_a_program(encrypted: bool, status: int) -> None:
    document = json.dumps(plan_of(("aws_ebs_volume.this", {"encrypted": encrypted})))
    ended = subprocess.run([sys.executable, PROGRAM], input=document, capture_output=True, text=True, check=False)
    assert ended.returncode == status
    assert ("aws_ebs_volume.this: unencrypted storage" in ended.stdout) is (not encrypted)
