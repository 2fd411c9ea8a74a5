"""Stands in for the plugins `aws` and `kubernetes` where previews are recorded: it makes nothing, and compares inputs.

What replaces a resource is as in those providers (pulumi-aws 7, pulumi-kubernetes 4), for inputs that are used here. As
a program: `python standin.py PLUGIN`.
"""

from __future__ import annotations

import importlib.metadata
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.standins import stubs

stubs.prepare()

from pulumi.runtime.proto import provider_pb2_grpc  # noqa: E402 (after the stubs are prepared)

from tools.standins.provider import Kind, Provider  # noqa: E402
from tools.standins.serving import serve  # noqa: E402
from tools.standins.values import Properties  # noqa: E402

UPDATED: dict[str, Sequence[str]] = {
    "Volume": ("size", "iops", "throughput", "type", "tags"),
    "Group": ("minSize", "maxSize", "desiredCapacity", "launchTemplate", "vpcZoneIdentifiers", "tags"),
    "LaunchTemplate": ("imageId", "instanceType", "userData", "tags", "tagSpecifications"),
    "Key": ("deletionWindowInDays", "enableKeyRotation", "policy", "tags"),
    "Bucket": ("forceDestroy", "tags"),
    "BucketVersioning": ("versioningConfiguration",),
    "Secret": ("recoveryWindowInDays", "kmsKeyId", "tags", "data"),
    "SecretVersion": (),
    "Role": ("assumeRolePolicy", "tags"),
    "RolePolicy": ("policy",),
    "InstanceProfile": ("role",),
    "Zone": ("comment", "forceDestroy", "tags"),
    "SecurityGroup": ("tags",),
    "SecurityGroupIngressRule": ("cidrIpv4", "fromPort", "toPort", "ipProtocol"),
    "MetricAlarm": ("threshold", "alarmActions"),
    "StatefulSet": ("spec",),
    "ConfigMap": ("data",),
    "NetworkPolicy": ("spec",),
    "PodDisruptionBudget": ("spec",),
    "Service": ("spec",),
    "Namespace": (),
}
"""By kind: inputs that are updated in place; any other replaces."""


class Recorded(Kind):
    """A kind of resource with a name that nobody knows before it is made."""

    computed = ("arn",)

    def __init__(self, name: str, updatable: Sequence[str]) -> None:
        self._name, self.updatable = name, updatable

    def make(self, inputs: Properties) -> tuple[str, Properties]:
        identity = f"{self._name}-{uuid.uuid4().hex}"
        return identity, {"arn": f"arn:aws:{identity}"}


def main() -> None:
    """Serves."""
    version = importlib.metadata.version("pulumi-kubernetes") if sys.argv[1] == "kubernetes" else "7.51.1"
    provider = Provider(version, {name: Recorded(name, updatable) for name, updatable in UPDATED.items()})
    serve(lambda server: provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server))


if __name__ == "__main__":
    main()
