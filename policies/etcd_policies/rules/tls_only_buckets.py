"""Buckets that are reached over TLS alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from pulumi_policy import Severity

from etcd_ops.model.problems import Problem
from etcd_policies.aws.benchmark import benchmark
from etcd_policies.aws.bucket_arns import covers_bucket, covers_objects, name_of
from etcd_policies.aws.fleet import Fleet
from etcd_policies.aws.kinds import BUCKET_POLICY, BUCKETS
from etcd_policies.aws.policy_document import Statement, statements
from etcd_policies.aws.resource import Resource
from etcd_policies.fleet_rule import FleetRule, each_resource
from etcd_policies.rule import Finding, Stake

_ALL_ACTIONS = frozenset({"s3:*", "*"})
_OPERATOR, _KEY = "Bool", "aws:securetransport"
"""The key in lower case; IAM takes keys, and the two values, in upper or lower case."""


@FleetRule.declare(
    requires="Buckets of an etcd cluster on AWS refuse requests without TLS.",
    severity=Severity.HIGH,
    stake=Stake.DATA,
    steps="Deny `s3:*` to everybody on the bucket and its objects where `aws:SecureTransport` is false.",
    framework=benchmark("2.1.1"),
    kinds=(*BUCKETS, BUCKET_POLICY),
)
def tls_only_buckets(fleet: Fleet) -> Iterator[Finding]:
    """A request without TLS shows what it carries to every network between, and can be changed on its way."""

    def judge(bucket: Resource) -> Iterator[Problem]:
        policies = [each for each in (bucket, *fleet.companions(bucket, "bucket", BUCKET_POLICY)) if _has_policy(each)]
        denied = {arn for each in policies for arn in _denied(each)}
        if not any(_covered(name, denied) for name in _names(bucket, denied)):
            yield Problem("", "requests without TLS are answered", "deny them, on the bucket and on its objects")

    yield from each_resource(fleet.of(*BUCKETS), judge)


def _names(bucket: Resource, denied: Collection[str]) -> Collection[str]:
    """The bucket's name; where AWS is to choose it, every one that its policies speak of."""
    name = bucket.properties.text("bucket")
    return [name] if name else [name_of(arn) for arn in denied]


def _covered(name: str, denied: Collection[str]) -> bool:
    return any(covers_bucket(arn, name) for arn in denied) and any(covers_objects(arn, name) for arn in denied)


def _has_policy(resource: Resource) -> bool:
    return resource.kind == BUCKET_POLICY or resource.properties.has("policy")


def _denied(policy: Resource) -> Iterator[str]:
    """What no request without TLS reaches."""
    for each in statements(policy.properties, "policy"):
        if not each.allows and each.for_anybody and set(each.actions) & _ALL_ACTIONS and _without_tls(each):
            yield from each.resources


def _without_tls(statement: Statement) -> bool:
    """Whether it is about requests without TLS, all of them."""
    compared = statement.conditions.get(_OPERATOR)
    if len(statement.conditions) != 1 or not isinstance(compared, Mapping) or len(compared) != 1:
        return False
    ((key, value),) = compared.items()
    values = value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
    return key.lower() == _KEY and any(str(each).lower() == "false" for each in values)
