"""The block devices that launch templates and instances bring along."""

from __future__ import annotations

from pydantic import Field

from etcd_policies.aws.kinds import LAUNCH_TEMPLATE
from etcd_policies.aws.properties import Properties
from etcd_policies.aws.resource import Resource
from etcd_policies.parameters import Parameters


class Devices(Parameters):
    """How a launch template's root volume is told from others."""

    root_devices: tuple[str, ...] = Field(
        default=("/dev/xvda", "/dev/sda1"), min_length=1, description="names that images give to their root device"
    )

    def blocks(self, resource: Resource) -> tuple[Properties, ...]:
        """Every volume that a launch template or an instance makes."""
        first = self.root(resource)
        return (*(() if first is None else (first,)), *self.beside_root(resource))

    def root(self, resource: Resource) -> Properties | None:
        """The root volume, where anything is said of it."""
        if resource.kind == LAUNCH_TEMPLATE:
            found = [each for each in _mapped(resource) if each.text("deviceName") in self.root_devices]
            return found[0].section("ebs") if found else None
        declared = resource.properties
        return declared.section("rootBlockDevice") if declared.has("rootBlockDevice") else None

    def beside_root(self, resource: Resource) -> tuple[Properties, ...]:
        """Volumes beside the root volume."""
        if resource.kind != LAUNCH_TEMPLATE:
            return resource.properties.sections("ebsBlockDevices")
        mapped = [each for each in _mapped(resource) if each.text("deviceName") not in self.root_devices]
        return tuple(each.section("ebs") for each in mapped if each.has("ebs"))


def _mapped(resource: Resource) -> tuple[Properties, ...]:
    return resource.properties.sections("blockDeviceMappings")
