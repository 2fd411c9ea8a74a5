"""ARNs of S3 in policy documents, with their wildcards: what of a bucket they cover."""

from __future__ import annotations

from fnmatch import fnmatchcase

_EVERYTHING = "*"
_PARTS = 6
"""`arn:PARTITION:s3:::RESOURCE`."""


def name_of(arn: str) -> str:
    """Name of the bucket that an ARN means, or whose objects it means."""
    return _resource(arn).partition("/")[0]


def covers_bucket(arn: str, bucket: str) -> bool:
    """Whether an ARN means a bucket itself, by its name."""
    return _matches(_resource(arn), bucket)


def covers_objects(arn: str, bucket: str) -> bool:
    """Whether an ARN means every object that a bucket may hold."""
    resource, before = _resource(arn), f"{bucket}/"
    if not resource.endswith(_EVERYTHING):
        return False
    return any(_matches(resource[:-1], before[:length]) for length in range(len(before) + 1))


def _resource(arn: str) -> str:
    """The part that names buckets or objects; nothing where the ARN is not of S3."""
    parts = arn.split(":", _PARTS - 1)
    if len(parts) < _PARTS:
        return _EVERYTHING if arn == _EVERYTHING else ""
    return parts[-1] if parts[2] in {"s3", _EVERYTHING} else ""


def _matches(pattern: str, text: str) -> bool:
    """As IAM does: `*` is any text, `?` any character."""
    return fnmatchcase(text, pattern.replace("[", "[[]"))
