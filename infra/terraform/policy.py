"""Refuses what must not be built: reads a plan or a state of Terraform, and names what breaks a rule.

    terraform show -json PLAN | python infra/terraform/policy.py

Exit status 0 where nothing is refused, 1 where something is. The rules: no public database, no security group that is
open to everybody but for 443 and 80 of a public balancer, no public address, no balancer in the clear, no role with a
wildcard, no storage that is not encrypted, no secret among the values.
"""

from __future__ import annotations

import ipaddress
import json
import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

Values = Mapping[str, Any]

OPEN_PREFIX = 8
"""A range as wide as this, or wider, is everybody: half of the internet is no narrower a door than all of it."""

WEB = frozenset({80, 443})

ON_ALL = {
    "ecr:GetAuthorizationToken": "knows no resource; it opens nothing without rights on a repository",
    "ecs:DiscoverPollEndpoint": "knows no resource; it tells the agent whom to ask",
    "cloudwatch:PutMetricData": "knows no resource; a condition holds it to one namespace",
}
"""Actions that may be allowed on all resources, and why (the service authorization reference: no resource type)."""

RANGES = {
    "aws_vpc_security_group_ingress_rule": ("cidr_ipv4", "cidr_ipv6"),
    "aws_security_group_rule": ("cidr_blocks", "ipv6_cidr_blocks"),
}
"""Where it stands who is let in."""

WILD = re.compile("[*?]")
"""What stands for other letters in IAM."""

OWNER = frozenset(
    {"aws:sourceaccount", "aws:sourceowner", "aws:sourcearn", "aws:principalaccount", "aws:principalorgid"}
)
"""Conditions that hold what anybody may to one account or organization."""

NAMESPACE_HELD = frozenset({"cloudwatch:PutMetricData"})

SECRETS = {
    "aws_db_instance": ("password", "password_wo"),
    "aws_rds_cluster": ("master_password", "master_password_wo"),
    "aws_secretsmanager_secret_version": ("secret_string", "secret_binary", "secret_string_wo"),
    "aws_ssm_parameter": ("value", "value_wo", "insecure_value"),
    "aws_iam_access_key": ("secret", "ses_smtp_password_v4"),
    "tls_private_key": ("private_key_pem", "private_key_openssh"),
    "random_password": ("result",),
}
"""Attributes that would keep a secret in plan and state."""

SECRET_NAME = re.compile(r"(?i)(TOKEN|PASSWORD|PASSWD|SECRET|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY)$")
"""What a variable is called that opens something."""

PASSWORD_IN_URL = re.compile(r"://[^/@\s]*:[^/@\s]+@|^nats://[^/@\s]+@")
"""A password in a URL, or NATS' token."""

ENCRYPTED = {
    "aws_db_instance": "storage_encrypted",
    "aws_rds_cluster": "storage_encrypted",
    "aws_ebs_volume": "encrypted",
    "aws_efs_file_system": "encrypted",
}


@dataclass(frozen=True)
class Resource:
    """One resource as it is planned, or as it is. What is not known yet is absent from `values`."""

    address: str
    type: str
    values: Values


@dataclass(frozen=True)
class Refusal:
    """A rule that a resource breaks."""

    address: str
    rule: str
    why: str

    def __str__(self) -> str:
        return f"{self.address}: {self.rule}: {self.why}"


def resources_of(document: Mapping[str, Any]) -> list[Resource]:
    """All managed resources of `terraform show -json`, of a plan or of a state.

    Raises:
        ValueError: when it is neither.
    """
    values = document.get("planned_values") or document.get("values")
    if values is None and "planned_values" not in document:
        raise ValueError("neither a plan nor a state: give the output of `terraform show -json`")
    return [] if not values else list(_in_module(values["root_module"]))


def _in_module(module: Mapping[str, Any]) -> Iterator[Resource]:
    for found in module.get("resources", []):
        if found.get("mode", "managed") == "managed":
            yield Resource(found["address"], found["type"], cast(Values, found.get("values") or {}))
    for child in module.get("child_modules", []):
        yield from _in_module(child)


def refusals(document: Mapping[str, Any]) -> list[Refusal]:
    """What the rules refuse, in the order of the document.

    Raises:
        ValueError: when the document is neither a plan nor a state.
    """
    resources = resources_of(document)
    return [refusal for resource in resources for rule in RULES for refusal in rule(resource, resources)]


def unjudged(document: Mapping[str, Any]) -> list[str]:
    """Addresses of roles whose rights, and of doors whose ranges, are not known yet: a plan before the first apply
    names what does not exist.

    Raises:
        ValueError: when the document is neither a plan nor a state.
    """
    unknown: dict[str, Values] = {
        change["address"]: change.get("change", {}).get("after_unknown") or {}
        for change in document.get("resource_changes", [])
    }
    return [
        resource.address
        for resource in resources_of(document)
        if (resource.type in ("aws_iam_role_policy", "aws_iam_policy") and "policy" not in resource.values)
        or any(_is_unknown(unknown.get(resource.address, {}), name) for name in RANGES.get(resource.type, ()))
    ]


def _is_unknown(unknown: Mapping[str, Any], name: str) -> bool:
    """Whether an attribute, or some part of it, is to be told after the apply."""
    return "true" in json.dumps(unknown.get(name))


def public_database(resource: Resource, _: list[Resource]) -> Iterator[Refusal]:
    databases = ("aws_db_instance", "aws_rds_cluster_instance", "aws_redshift_cluster")
    if resource.type in databases and resource.values.get("publicly_accessible") is not False:
        yield Refusal(resource.address, "public database", "publicly_accessible must be false")


def public_address(resource: Resource, _: list[Resource]) -> Iterator[Refusal]:
    values = resource.values
    if resource.type == "aws_ecs_service":
        given = [found.get("assign_public_ip") for found in _blocks(values, "network_configuration")]
    elif resource.type == "aws_launch_template":
        given = [found.get("associate_public_ip_address") for found in _blocks(values, "network_interfaces")]
    else:
        named = {"aws_instance": "associate_public_ip_address", "aws_subnet": "map_public_ip_on_launch"}
        given = [values.get(named.get(resource.type, ""))]
    if any(str(value).lower() == "true" for value in given):
        yield Refusal(resource.address, "public address", "what computes or keeps must stand in a private subnet")


def open_security_group(resource: Resource, resources: list[Resource]) -> Iterator[Refusal]:
    for ranges, low, high in _doors(resource):
        for block in filter(_is_everybody, ranges):
            if low in WEB and high == low and _is_public_balancers(resource, resources):
                continue
            ports = f"{low}" if low == high else f"{low}-{high}"
            yield Refusal(resource.address, "open security group", f"{block} on port {ports}")


def _doors(resource: Resource) -> Iterator[tuple[list[str], int | None, int | None]]:
    """Ranges that are let in, and the ports."""
    values = resource.values
    if resource.type == "aws_vpc_security_group_ingress_rule":
        inward: list[Values] = [values]
    elif resource.type == "aws_security_group_rule":
        inward = [values] if values.get("type") == "ingress" else []
    elif resource.type in ("aws_security_group", "aws_default_security_group"):
        inward = _blocks(values, "ingress")
    else:
        return
    for door in inward:
        keys = ("cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6")
        ranges = [str(block) for key in keys for block in _listed(door.get(key))]
        every = str(door.get("ip_protocol") or door.get("protocol")) == "-1"
        yield ranges, None if every else door.get("from_port"), None if every else door.get("to_port")


def _is_everybody(block: str) -> bool:
    return ipaddress.ip_network(block, strict=False).prefixlen < OPEN_PREFIX


def _is_public_balancers(resource: Resource, resources: list[Resource]) -> bool:
    """Whether the group is that of a public balancer: by its id, or by its module while it has none."""
    balancers = [found for found in resources if found.type == "aws_lb" and found.values.get("internal") is False]
    group = resource.values.get("security_group_id") or resource.values.get("id")
    if group:
        return any(group in (balancer.values.get("security_groups") or []) for balancer in balancers)
    return any(_module(balancer.address) == _module(resource.address) for balancer in balancers)


def _module(address: str) -> str:
    """`module.edge` of `module.edge.aws_lb.this`; an index may hold dots."""
    found = re.match(r"(?:module\.[^.\[]+(?:\[[^\]]*\])?\.)*", address)
    return found.group() if found else ""


def balancer_in_the_clear(resource: Resource, _: list[Resource]) -> Iterator[Refusal]:
    if resource.type not in ("aws_lb_listener", "aws_alb_listener"):
        return
    if resource.values.get("protocol") in ("HTTPS", "TLS"):
        return
    actions = _blocks(resource.values, "default_action")
    ways = [way.get("protocol") for action in actions for way in _blocks(action, "redirect")]
    if [action.get("type") for action in actions] != ["redirect"] or ways != ["HTTPS"]:
        yield Refusal(
            resource.address, "balancer in the clear", "without TLS a listener may redirect to HTTPS and no more"
        )


def wildcard_role(resource: Resource, _: list[Resource]) -> Iterator[Refusal]:
    def refused(why: str) -> Refusal:
        return Refusal(resource.address, "wildcard role", why)

    values = resource.values
    if resource.type.startswith("aws_iam_") and resource.type.endswith("policy_attachment"):
        yield refused(f"{values.get('policy_arn')} holds more than anybody looked at; write what is needed")
    for name in ("policy", "assume_role_policy"):
        if resource.type.startswith("aws_iam_") and isinstance(values.get(name), str):
            for why in _too_wide(json.loads(values[name])):
                yield refused(why)
    # What a bucket, a key or a repository allows is its own: there the rule is who may. An endpoint's policy narrows.
    if not resource.type.startswith(("aws_iam_", "aws_vpc_endpoint")):
        for name in ("policy", "resource_policy", "access_policy"):
            # A word here is no document: some resources have policies of other kinds.
            if str(values.get(name)).startswith("{"):
                for statement in _allowing(json.loads(values[name])):
                    if not _condition(statement, OWNER):
                        yield from (refused(why) for why in _for_anybody(statement))
    for inline in _blocks(values, "inline_policy") if resource.type == "aws_iam_role" else []:
        if inline.get("policy"):
            for why in _too_wide(json.loads(inline["policy"])):
                yield refused(why)
    if resource.type == "aws_iam_role" and values.get("managed_policy_arns"):
        yield refused(f"{values['managed_policy_arns']} holds more than anybody looked at; write what is needed")


def _allowing(policy: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [statement for statement in _listed(policy.get("Statement")) if statement.get("Effect") == "Allow"]


def _too_wide(policy: Mapping[str, Any]) -> Iterator[str]:
    for statement in _allowing(policy):
        for inverted in ("NotAction", "NotResource"):
            if inverted in statement:
                yield f"{inverted} allows all that it does not name"
        actions = [str(action) for action in _listed(statement.get("Action"))]
        yield from (f"the action {action}" for action in actions if WILD.search(action))
        for held in _listed(statement.get("Resource")):
            if _is_all(str(held)):
                yield from _without_reason(actions, statement, str(held))
        yield from _for_anybody(statement)


def _for_anybody(statement: Mapping[str, Any]) -> Iterator[str]:
    if "NotPrincipal" in statement:
        yield "NotPrincipal allows all that it does not name"
    principal = statement.get("Principal")
    named = (
        _listed(principal)
        if not isinstance(principal, Mapping)
        else [one for kind in cast(Mapping[str, Any], principal).values() for one in _listed(kind)]
    )
    yield from ("anybody may take it" for one in named if WILD.search(str(one)))


def _without_reason(actions: list[str], statement: Mapping[str, Any], held: str) -> Iterator[str]:
    for action in actions:
        if action not in ON_ALL:
            yield f"{action} on {held}"
        elif action in NAMESPACE_HELD and not _condition(statement, {"cloudwatch:namespace"}):
            yield f"{action} without a condition on its namespace"


def _condition(statement: Mapping[str, Any], keys: Collection[str]) -> bool:
    """Whether one of these keys must equal something."""
    tests = cast(Mapping[str, Mapping[str, Any]], statement.get("Condition") or {})
    return any(key.lower() in keys for test in ("StringEquals", "ArnEquals") for key in tests.get(test) or {})


def _is_all(held: str) -> bool:
    """Whether nothing is named before the first wildcard: `*`, `arn:aws:s3:::*`, `arn:…:secret:*`, `arn:…:secret*`."""
    wild = WILD.search(held)
    if wild is None:
        return False
    fields = held[: wild.start()].split(":", 5)
    if len(fields) < 6:
        return True
    named = re.split("[:/]", fields[5], maxsplit=1)[-1] if re.search("[:/]", fields[5]) else ""
    # Buckets have no kind before their name.
    return not (fields[5] if fields[2] == "s3" else named).strip(":/")


def _blocks(values: Values, name: str) -> list[Values]:
    return cast(list[Values], values.get(name) or [])


def _listed(found: Any) -> list[Any]:
    return [] if found is None else cast(list[Any], found) if isinstance(found, list) else [found]


def unencrypted_storage(resource: Resource, _: list[Resource]) -> Iterator[Refusal]:
    values = resource.values
    if (named := ENCRYPTED.get(resource.type)) and values.get(named) is not True:
        yield Refusal(resource.address, "unencrypted storage", f"{named} must be true")
    disks: list[Values] = []
    if resource.type == "aws_instance":
        disks = [*(_blocks(values, "root_block_device") or [{}]), *_blocks(values, "ebs_block_device")]
    if resource.type == "aws_launch_template":
        disks = [disk for found in _blocks(values, "block_device_mappings") for disk in _blocks(found, "ebs")] or [{}]
    if any(str(disk.get("encrypted")).lower() != "true" for disk in disks):
        yield Refusal(resource.address, "unencrypted storage", "each disk must be encrypted, the root's too")


def kept_secret(resource: Resource, _: list[Resource]) -> Iterator[Refusal]:
    for name in SECRETS.get(resource.type, ()):
        if resource.values.get(name):
            yield Refusal(resource.address, "kept secret", f"{name} would lie in plan and state")
    for name, value in _settings(resource):
        if SECRET_NAME.search(name) or PASSWORD_IN_URL.search(value):
            yield Refusal(resource.address, "kept secret", f"{name} opens something: give it in `secrets`")


def _settings(resource: Resource) -> Iterator[tuple[str, str]]:
    """Variables of a task's containers that are no secrets."""
    given = resource.values.get("container_definitions")
    if resource.type == "aws_ecs_task_definition" and given:
        for container in cast(list[Values], json.loads(given)):
            for entry in _blocks(container, "environment"):
                yield entry["name"], str(entry.get("value"))


RULES: tuple[Callable[[Resource, list[Resource]], Iterator[Refusal]], ...] = (
    public_database,
    public_address,
    open_security_group,
    balancer_in_the_clear,
    wildcard_role,
    unencrypted_storage,
    kept_secret,
)


def main() -> int:
    """Judges what comes on standard input."""
    document = json.load(sys.stdin)
    found = refusals(document)
    for refusal in found:
        print(refusal)
    for address in unjudged(document):
        print(
            f"{address}: what it allows is not known before the first apply; judge the state afterwards",
            file=sys.stderr,
        )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
