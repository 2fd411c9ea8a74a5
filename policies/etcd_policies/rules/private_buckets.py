"""Buckets that only named principals read."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from etcd_ops.model.problems import Problem
from etcd_policies.aws.benchmark import benchmark
from etcd_policies.aws.fleet import Fleet
from etcd_policies.aws.kinds import BUCKET_POLICY, BUCKETS, PUBLIC_ACCESS_BLOCK
from etcd_policies.aws.policy_document import statements
from etcd_policies.aws.resource import Resource
from etcd_policies.fleet_rule import FleetRule, each_resource
from etcd_policies.rule import Finding, Stake

_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


@FleetRule.declare(
    requires="Buckets of an etcd cluster on AWS are private.",
    severity=Severity.CRITICAL,
    stake=Stake.DATA,
    steps="Declare a `BucketPublicAccessBlock` with all settings true, and name principals in the bucket's policy.",
    framework=benchmark("2.1.4"),
    kinds=(*BUCKETS, PUBLIC_ACCESS_BLOCK, BUCKET_POLICY),
)
def private_buckets(fleet: Fleet) -> Iterator[Finding]:
    """Who writes into the bucket says what members run, and who reads it knows the cluster.

    That new buckets are private by default does not count: a policy could open them, and the block forbids that.
    A condition names somebody where it compares who calls, or from where, with fixed values: an account, an
    organization, a principal, a VPC or its endpoint, a network. So it does with wildcards in what is somebody's: behind
    an ARN's account, an organization, or the unique ID of a role; `ArnLike` takes them before the account as well. One
    that strangers can meet as well does not.
    """

    def judge(bucket: Resource) -> Iterator[Problem]:
        if not fleet.companions(bucket, "bucket", PUBLIC_ACCESS_BLOCK):
            yield Problem("", "no BucketPublicAccessBlock forbids that it is opened", "declare one")
        if bucket.properties.has("policy"):
            yield from _named(bucket)

    yield from each_resource(fleet.of(*BUCKETS), judge)
    yield from each_resource(fleet.of(PUBLIC_ACCESS_BLOCK), _blocked)
    yield from each_resource(fleet.of(BUCKET_POLICY), _named)


def _blocked(block: Resource) -> Iterator[Problem]:
    for key in _BLOCKS:
        if block.properties.flag(key) is not True:
            yield Problem(key, "the bucket could be opened to everybody", "set it to true")


def _named(policy: Resource) -> Iterator[Problem]:
    for each in statements(policy.properties, "policy"):
        if each.lets_anybody_in:
            yield Problem(each.path, "everybody is let in", "name principals, or who they are in a condition")
