"""Volumes whose content is encrypted."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from etcd_ops.model.problems import Problem
from etcd_policies.aws.benchmark import benchmark
from etcd_policies.aws.blocks import Devices
from etcd_policies.aws.kinds import INSTANCE, LAUNCH_TEMPLATE, VOLUME
from etcd_policies.aws.properties import Properties
from etcd_policies.aws.resource import Resource
from etcd_policies.resource_rule import ResourceRule
from etcd_policies.rule import Stake


@ResourceRule.declare(
    requires="Volumes of an etcd cluster on AWS are encrypted, root volumes too.",
    severity=Severity.CRITICAL,
    stake=Stake.DATA,
    steps="Set `encrypted` to true on the volume, on the root block device and on every mapped block device.",
    framework=benchmark("2.2.1"),
    kinds=(VOLUME, LAUNCH_TEMPLATE, INSTANCE),
)
def encrypted_volumes(resource: Resource, given: Devices) -> Iterator[Problem]:
    """A volume holds every key and value, and the members' own keys; its snapshots hold them as well.

    That an account encrypts by default does not count: it may be turned off elsewhere. A launch template that says
    nothing of the root volume leaves it as the image has it.
    """
    properties = resource.properties
    if resource.kind == VOLUME:
        yield from _judge(properties, "the volume")
        return
    for block in given.blocks(resource):
        yield from _judge(block, "the block device")
    if not given.has_root(resource):
        yield Problem("blockDeviceMappings", "the root volume is left as the image has it", "map it, encrypted")


def _judge(block: Properties, what: str) -> Iterator[Problem]:
    if block.flag("encrypted") is not True:
        yield Problem(block.at("encrypted"), f"{what} is not encrypted", "set it to true")
