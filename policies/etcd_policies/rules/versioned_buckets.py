"""Buckets that keep what was overwritten."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from etcd_ops.model.problems import Problem
from etcd_policies.aws.fleet import Fleet
from etcd_policies.aws.kinds import BUCKETS, VERSIONINGS
from etcd_policies.aws.resource import Resource
from etcd_policies.fleet_rule import FleetRule, each_resource
from etcd_policies.rule import Finding, Stake


@FleetRule.declare(
    requires="Buckets of an etcd cluster on AWS are versioned.",
    severity=Severity.HIGH,
    stake=Stake.SERVICE,
    steps="Declare a `BucketVersioning` with `versioningConfiguration.status` set to `Enabled`.",
    kinds=(*BUCKETS, *VERSIONINGS),
)
def versioned_buckets(fleet: Fleet) -> Iterator[Finding]:
    """A record that was overwritten or deleted by mistake is got back from its earlier version.

    Without it agents hold the cluster until the next `pulumi up`.
    """

    def judge(bucket: Resource) -> Iterator[Problem]:
        companions = fleet.companions(bucket, "bucket", *VERSIONINGS)
        told = [each.properties.section("versioningConfiguration").text("status") for each in companions]
        inline = bucket.properties.section("versioning").flag("enabled") if not told else None
        if set(told) != {"Enabled"} and inline is not True:
            yield Problem("", "the bucket is not versioned", "declare a BucketVersioning whose status is Enabled")

    yield from each_resource(fleet.of(*BUCKETS), judge)
