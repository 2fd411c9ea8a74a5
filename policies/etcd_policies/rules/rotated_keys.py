"""Keys that are rotated, and can be got back."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity
from pydantic import Field

from etcd_ops.model.problems import Problem
from etcd_policies.aws.benchmark import benchmark
from etcd_policies.aws.kinds import KEY
from etcd_policies.aws.policy_document import statements
from etcd_policies.aws.properties import Properties
from etcd_policies.aws.resource import Resource
from etcd_policies.parameters import Parameters
from etcd_policies.resource_rule import ResourceRule
from etcd_policies.rule import Stake

_DAYS = 30
"""How long KMS waits where nothing is said (KMS API, ScheduleKeyDeletion)."""
_YEAR = 365
"""Days between rotations where nothing is said (KMS API, EnableKeyRotation)."""


class Waiting(Parameters):
    """How long a deletion can be taken back."""

    minimum_deletion_days: int = Field(
        default=7, ge=7, le=30, description="fewest days between the order to delete a key and its deletion"
    )


@ResourceRule.declare(
    requires="Keys of an etcd cluster on AWS are rotated every year, and are nobody else's.",
    severity=Severity.HIGH,
    stake=Stake.DATA,
    steps="Set `enableKeyRotation` to true, with a period of 365 days at most; name principals in the key's policy.",
    framework=benchmark("3.6"),
    kinds=(KEY,),
)
def rotated_keys(resource: Resource, given: Waiting) -> Iterator[Problem]:
    """What one key has encrypted is lost with that key's secrecy; rotation bounds it.

    A key that is deleted takes volumes, bucket and secrets with it, so that there have to be days to notice.
    """
    key = resource.properties
    yield from _rotation(key)
    days = key.whole("deletionWindowInDays") or _DAYS
    if days < given.minimum_deletion_days:
        reason = f"a deletion can be taken back for {days} days only"
        yield Problem("deletionWindowInDays", reason, f"set it to {given.minimum_deletion_days} or more")
    if key.has("policy"):
        for each in statements(key, "policy"):
            if each.lets_anybody_in:
                yield Problem(each.path, "everybody may use the key", "name principals, or who they are in a condition")


def _rotation(key: Properties) -> Iterator[Problem]:
    if key.flag("enableKeyRotation") is not True:
        yield Problem("enableKeyRotation", "the key is not rotated", "set it to true")
    period = key.whole("rotationPeriodInDays") or _YEAR
    if period > _YEAR:
        yield Problem("rotationPeriodInDays", f"the key is rotated every {period} days", f"set it to {_YEAR} or less")
