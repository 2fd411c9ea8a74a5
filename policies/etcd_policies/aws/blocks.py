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
        if resource.kind == LAUNCH_TEMPLATE:
            return tuple(each.section("ebs") for each in _mapped(resource))
        declared = resource.properties
        root = (declared.section("rootBlockDevice"),) if declared.has("rootBlockDevice") else ()
        return (*root, *declared.sections("ebsBlockDevices"))

    def has_root(self, resource: Resource) -> bool:
        """Whether anything is said of the root volume."""
        return bool(self._roots(resource))

    def beside_root(self, resource: Resource) -> tuple[Properties, ...]:
        """Volumes beside the root volume."""
        roots = self._roots(resource)
        # The image alone tells which of several it is: none of them may be taken for it.
        root = roots if len(roots) == 1 else frozenset()
        return tuple(each for each in self.blocks(resource) if each.path not in root)

    def _roots(self, resource: Resource) -> frozenset[str]:
        """Paths of what may be the root volume."""
        if resource.kind != LAUNCH_TEMPLATE:
            return frozenset({"rootBlockDevice"} if resource.properties.has("rootBlockDevice") else ())
        named = (each for each in _mapped(resource) if each.text("deviceName") in self.root_devices)
        return frozenset(each.at("ebs") for each in named)


def _mapped(resource: Resource) -> tuple[Properties, ...]:
    """Mappings of volumes; others are of instance stores, or take a device of the image's away."""
    return tuple(each for each in resource.properties.sections("blockDeviceMappings") if each.has("ebs"))
