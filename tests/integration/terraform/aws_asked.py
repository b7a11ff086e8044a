"""What the tests ask of the API of AWS beside Terraform: a certificate to begin with, secrets, and what is left."""

# boto3 comes with moto, an extra, which the machine that lints need not have.
# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false, reportOptionalCall=false

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

REGION = "eu-central-1"


class Aws:
    """The API at an address."""

    def __init__(self, endpoint: str) -> None:
        self._given = {
            "endpoint_url": endpoint,
            "region_name": REGION,
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
        }

    def _client(self, name: str) -> Any:
        # Here, so that without the extra the tests are skipped, and say so, where they could not even be read.
        import boto3

        return boto3.client(name, **self._given)

    def certificate(self, host: str) -> str:
        """Imports a certificate for a host and returns its ARN."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + timedelta(days=1))
            .sign(key, hashes.SHA256())
        )
        plain = serialization.NoEncryption()
        return self._client("acm").import_certificate(
            Certificate=made.public_bytes(serialization.Encoding.PEM),
            PrivateKey=key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain),
        )["CertificateArn"]

    def secrets(self, prefix: str) -> dict[str, str]:
        """Values of the secrets whose names begin so."""
        manager = self._client("secretsmanager")
        names = [found["Name"] for found in manager.list_secrets()["SecretList"]]
        return {
            name: manager.get_secret_value(SecretId=name)["SecretString"] for name in names if name.startswith(prefix)
        }

    def left_over(self) -> dict[str, list[str]]:
        """What there is by kind, without what each account has from the beginning."""
        ec2 = self._client("ec2")
        instances = [
            instance["InstanceId"]
            for found in ec2.describe_instances()["Reservations"]
            for instance in found["Instances"]
            if instance["State"]["Name"] != "terminated"
        ]
        networks = [found["VpcId"] for found in ec2.describe_vpcs()["Vpcs"] if not found["IsDefault"]]
        groups = [
            found["GroupId"] for found in ec2.describe_security_groups()["SecurityGroups"] if found["VpcId"] in networks
        ]
        # A cluster that was deleted is still listed, as inactive.
        ecs = self._client("ecs")
        listed = ecs.describe_clusters(clusters=ecs.list_clusters()["clusterArns"])["clusters"]
        clusters = [found["clusterName"] for found in listed if found["status"] == "ACTIVE"]
        found = {
            "networks": networks,
            "groups": groups,
            "instances": instances,
            "volumes": [found["VolumeId"] for found in ec2.describe_volumes()["Volumes"]],
            "addresses": [found["AllocationId"] for found in ec2.describe_addresses()["Addresses"]],
            "balancers": [
                found["LoadBalancerName"] for found in self._client("elbv2").describe_load_balancers()["LoadBalancers"]
            ],
            "databases": [
                found["DBClusterIdentifier"] for found in self._client("rds").describe_db_clusters()["DBClusters"]
            ],
            "clusters": clusters,
            "roles": [found["RoleName"] for found in self._client("iam").list_roles()["Roles"]],
            "alarms": [found["AlarmName"] for found in self._client("cloudwatch").describe_alarms()["MetricAlarms"]],
            "secrets": [found["Name"] for found in self._client("secretsmanager").list_secrets()["SecretList"]],
            "logs": [found["logGroupName"] for found in self._client("logs").describe_log_groups()["logGroups"]],
            "zones": [found["Name"] for found in self._client("route53").list_hosted_zones()["HostedZones"]],
        }
        return {kind: names for kind, names in found.items() if names}
