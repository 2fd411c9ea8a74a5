"""Buckets whose content is encrypted with a key of one's own."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity
from pydantic import Field

from etcd_ops.model.problems import Problem
from etcd_policies.aws.fleet import Fleet
from etcd_policies.aws.kinds import BUCKETS, ENCRYPTIONS
from etcd_policies.aws.properties import Properties
from etcd_policies.aws.resource import Resource
from etcd_policies.fleet_rule import FleetRule, each_resource
from etcd_policies.parameters import Parameters
from etcd_policies.rule import Finding, Stake

_KMS = "aws:kms"
"""How the algorithms begin that take a key of KMS."""
_OF_AWS = "alias/aws/s3"
"""The key that AWS keeps for S3, by its alias or the ARN of that."""


class Algorithms(Parameters):
    """How a bucket may be encrypted."""

    algorithms: tuple[str, ...] = Field(
        default=("aws:kms", "aws:kms:dsse"), min_length=1, description="algorithms that count, as S3 names them"
    )


@FleetRule.declare(
    requires="Buckets of an etcd cluster on AWS are encrypted with a key of KMS that is the account's own.",
    severity=Severity.HIGH,
    stake=Stake.DATA,
    steps="Declare a `BucketServerSideEncryptionConfiguration` whose `sseAlgorithm` is `aws:kms`, and whose "
    "`kmsMasterKeyId` is the key's ARN.",
    kinds=(*BUCKETS, *ENCRYPTIONS),
)
def encrypted_buckets(fleet: Fleet, given: Algorithms) -> Iterator[Finding]:
    """With a key of one's own, access to the bucket alone does not read it, and every use is on record.

    S3 encrypts everything anyway, with a key that it uses for whoever may read. So does KMS with the key that AWS keeps
    for S3, which is taken where none is named, and whose policy lets everybody in the account use it through S3.
    """

    def judge(bucket: Resource) -> Iterator[Problem]:
        companions = [each.properties for each in fleet.companions(bucket, "bucket", *ENCRYPTIONS)]
        rules = [rule for each in companions for rule in each.sections("rules")] or _inline(bucket)
        told = [rule.section("applyServerSideEncryptionByDefault") for rule in rules]
        if not told or not {each.text("sseAlgorithm") for each in told} <= set(given.algorithms):
            reason = "the bucket is not encrypted with a key of KMS"
            yield Problem("", reason, "declare a BucketServerSideEncryptionConfiguration that does")
        elif not all(map(_own_key, told)):
            reason = "the bucket is encrypted with the key that AWS keeps for S3"
            yield Problem("", reason, "name one in kmsMasterKeyId")

    yield from each_resource(fleet.of(*BUCKETS), judge)


def _own_key(default: Properties) -> bool:
    """Whether it names a key of the account's own, or is of an algorithm that takes none."""
    if not default.text("sseAlgorithm").startswith(_KMS):
        return True
    key = default.text("kmsMasterKeyId")
    return key != "" and not key.endswith(_OF_AWS)


def _inline(bucket: Resource) -> list[Properties]:
    configuration = bucket.properties.section("serverSideEncryptionConfiguration")
    return [configuration.section("rule")] if configuration.has("rule") else []
