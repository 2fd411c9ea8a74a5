"""The block devices that launch templates and instances bring along."""

from __future__ import annotations

from etcd_policies.aws.kinds import LAUNCH_TEMPLATE
from etcd_policies.aws.properties import Properties
from etcd_policies.aws.resource import Resource

ROOTS = frozenset({"/dev/xvda", "/dev/sda1"})
"""Names of root devices, as images of Linux have them (EC2 User Guide, "Device names for volumes")."""


def blocks(resource: Resource) -> tuple[Properties, ...]:
    """Every volume that a launch template or an instance makes."""
    first = root(resource)
    return (*(() if first is None else (first,)), *beside_root(resource))


def root(resource: Resource) -> Properties | None:
    """The root volume, where anything is said of it."""
    if resource.kind == LAUNCH_TEMPLATE:
        found = [each for each in _mapped(resource) if each.text("deviceName") in ROOTS]
        return found[0].section("ebs") if found else None
    declared = resource.properties
    return declared.section("rootBlockDevice") if declared.has("rootBlockDevice") else None


def beside_root(resource: Resource) -> tuple[Properties, ...]:
    """Volumes beside the root volume."""
    if resource.kind != LAUNCH_TEMPLATE:
        return resource.properties.sections("ebsBlockDevices")
    mapped = [each for each in _mapped(resource) if each.text("deviceName") not in ROOTS]
    return tuple(each.section("ebs") for each in mapped if each.has("ebs"))


def _mapped(resource: Resource) -> tuple[Properties, ...]:
    return resource.properties.sections("blockDeviceMappings")
