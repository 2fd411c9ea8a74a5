"""Volumes that outlive their instances."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from etcd_ops.model.problems import Problem
from etcd_policies.aws.blocks import Devices
from etcd_policies.aws.kinds import INSTANCE, LAUNCH_TEMPLATE
from etcd_policies.aws.resource import Resource
from etcd_policies.resource_rule import ResourceRule
from etcd_policies.rule import Stake


@ResourceRule.declare(
    requires="Volumes of an etcd cluster on AWS are not deleted with an instance.",
    severity=Severity.CRITICAL,
    stake=Stake.DATA,
    steps="Declare data volumes as resources of their own, or set `deleteOnTermination` to false; only the root goes.",
    kinds=(LAUNCH_TEMPLATE, INSTANCE),
)
def lasting_volumes(resource: Resource, given: Devices) -> Iterator[Problem]:
    """Auto Scaling terminates an instance whose health check fails: with its volume goes the member's data.

    AWS deletes mapped volumes with their instance wherever nothing else is said.
    """
    for block in given.beside_root(resource):
        if block.flag("deleteOnTermination") is not False:
            reason = "the volume is deleted when its instance is terminated"
            yield Problem(block.at("deleteOnTermination"), reason, "set it to false")
