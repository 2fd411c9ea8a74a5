"""ARNs in policy documents that mean every resource of a kind."""

from __future__ import annotations

import re

_PARTS = 6
"""`arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`."""
_TYPELESS = frozenset({"s3", "sns", "sqs"})
"""Services whose ARNs name a resource without its type before."""
_SUBTYPES = frozenset(
    {"app", "autoScalingGroupName", "gwy", "launchConfigurationName", "log-stream", "net", "policyName"}
)
"""Segments that tell what the next one names, and name nothing themselves."""
_IDS = "acl|ami|eipalloc|eni|fs|i|igw|lt|mrk|nat|pcx|rtb|sg|snap|subnet|vol|vpc|vpce"
_ANY = re.compile(rf"(({_IDS})-0?)?[^0-9A-Za-z]*")
"""What tells no resource from another of its type: what all IDs begin with, and whatever has no letter and no digit."""


def whole_kind(arn: str) -> bool:
    """Whether an ARN means every resource of a kind, such as `arn:aws:ec2:*:*:volume/*`.

    What comes behind the name of a bucket is in that bucket, so it is not meant.
    """
    parts = arn.split(":", _PARTS - 1)
    if len(parts) < _PARTS:
        return "*" in arn
    service, region, resource = parts[2], parts[3], parts[-1]
    # A bucket has no region; what S3 has besides has one, and a type.
    if service in _TYPELESS and not (service == "s3" and region):
        return _ANY.fullmatch(resource.split("/")[0]) is not None
    return _wild(resource) and _names_none(resource)


def _names_none(resource: str) -> bool:
    kind, *names = re.split("[/:]", resource)
    return _wild(kind) if not names else all(_ANY.fullmatch(each) for each in names if each not in _SUBTYPES)


def _wild(text: str) -> bool:
    return "*" in text or "?" in text
