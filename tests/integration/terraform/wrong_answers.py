"""Answers of moto 5.2 that differ from those of AWS, so that a second plan would find changes that are none."""

# moto is an extra, which the machine that lints need not have; and it does not expect its methods to be replaced.
# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false, reportOptionalCall=false

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.instances import Instance
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ec2.responses.launch_templates import LaunchTemplates
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.rds.models import DBCluster
from moto.route53.responses import Route53


def correct_wrong_answers() -> None:
    describe_rules_of_groups()
    tell_no_public_address_where_there_is_none()
    tell_groups_of_interfaces()
    leave_out_scaling_of_serverless_v1()
    keep_tags_of_templates_apart()
    know_private_zones()
    keep_what_services_are_given()


def describe_rules_of_groups() -> None:
    """moto keeps the description of a rule that names a group, and looks for it where addresses would stand."""

    def description(self: SecurityGroupRule) -> str | None:
        return self.ip_range.get("Description") or (self.source_group or {}).get("Description")

    SecurityGroupRule.description = property(description)


def tell_no_public_address_where_there_is_none() -> None:
    """An interface without a public address has no association; moto tells an empty one, which reads as an address."""
    told = NetworkInterface.association.fget

    def association(self: NetworkInterface) -> dict[str, Any] | None:
        return told(self) or None

    NetworkInterface.association = property(association)


def tell_groups_of_interfaces() -> None:
    """An instance whose groups were given with its interface is in them; moto tells that of the interface alone."""
    prepare = Instance.prep_nics

    def prep_nics(self: Instance, *given: Any, **named: Any) -> None:
        prepare(self, *given, **named)
        if not self.security_groups:
            self.security_groups = list(self.nics[0].group_set)

    Instance.prep_nics = prep_nics


def leave_out_scaling_of_serverless_v1() -> None:
    """A cluster that is no Serverless v1 has no such scaling; moto tells one with nothing in it."""
    told = DBCluster.scaling_configuration_info.fget

    def scaling_configuration_info(self: DBCluster) -> dict[str, Any] | None:
        return told(self) if self.scaling_configuration else None

    DBCluster.scaling_configuration_info = property(scaling_configuration_info)


def keep_tags_of_templates_apart() -> None:
    """The tags of a launch template are not those of what is launched; moto adds them there."""
    create = LaunchTemplates.create_launch_template

    def create_launch_template(self: LaunchTemplates) -> ActionResult:
        given = self._get_param("LaunchTemplateData", {}).get("TagSpecifications")
        result = create(self)
        template = self.ec2_backend.get_launch_template_by_name(self._get_param("LaunchTemplateName"))
        data = template.versions[-1].data
        data.pop("TagSpecifications", None)
        if given:
            data["TagSpecifications"] = given
        return result

    LaunchTemplates.create_launch_template = create_launch_template


def know_private_zones() -> None:
    """A zone that is made for a network is private, whether the request says so beside or not."""
    read = Route53._get_bool_param

    def get_bool_param(self: Route53, name: str, if_none: Any = None) -> Any:
        if name == "HostedZoneConfig.PrivateZone" and self._get_param("VPC.VPCId"):
            return True
        return read(self, name, if_none)

    Route53._get_bool_param = get_bool_param


def keep_what_services_are_given() -> None:
    """moto forgets a service's capacity providers, calls it one of EC2 then, and forgets what else is listed here."""
    create = EC2ContainerServiceResponse.create_service
    kept = {
        "capacityProviderStrategy": "capacity_provider_strategy",
        "healthCheckGracePeriodSeconds": "health_check_grace_period_seconds",
        "deploymentConfiguration": "deployment_configuration",
        "enableExecuteCommand": "enable_execute_command",
        "enableECSManagedTags": "enable_ecs_managed_tags",
        "availabilityZoneRebalancing": "availability_zone_rebalancing",
    }

    def create_service(self: EC2ContainerServiceResponse) -> ActionResult:
        result = create(self)
        cluster = self._get_param("cluster").rpartition("/")[2]
        service = self.ecs_backend.services[f"{cluster}:{self._get_param('serviceName')}"]
        for given, attribute in kept.items():
            setattr(service, attribute, self._get_param(given))
        if service.capacity_provider_strategy:
            service.launch_type = None
            for deployment in service.deployments:
                deployment["launchType"] = None
        return result

    EC2ContainerServiceResponse.create_service = create_service
