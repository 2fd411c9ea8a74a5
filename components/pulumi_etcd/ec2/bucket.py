"""The bucket of a cluster, with its channel and the programs that members fetch: pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from etcd_ops.channel.port import FORMATION, LOCK, LOG_PREFIX, STATUS_PREFIX
from pulumi_etcd.ec2.documents import Grant, document, statement
from pulumi_etcd.ec2.naming import ARTIFACTS, CHANNEL, Ec2Names
from pulumi_etcd.ec2.planned import File, Json, Planned, Properties, Ref

LEAST_TLS = "1.2"
KEPT_DAYS = 30
"""How long a document stays readable after another one replaced it."""
PUBLISHED_DAYS = 1
"""The same for what members write every few seconds."""
UPLOAD_DAYS = 7
_PUT = "s3:PutObject"
MEMBERS_ACTIONS = ("s3:GetObject", "s3:ListBucket", _PUT)
"""All that a member may ever do with the bucket."""
_TOKENS = {
    "versioning": "aws:s3/bucketVersioning:BucketVersioning",
    "encryption": "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "privacy": "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "ownership": "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "policy": "aws:s3/bucketPolicy:BucketPolicy",
    "lifecycle": "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
}


def bucket_name(names: Ec2Names) -> str:
    """Name of the bucket's resource."""
    return f"{names.cluster}-bucket"


def setting_names(names: Ec2Names) -> list[str]:
    """Names of the resources without which nothing is to be put into the bucket."""
    return [f"{bucket_name(names)}-{each}" for each in _TOKENS]


def plan(names: Ec2Names, key_arn: Any, protect: bool) -> list[Planned]:
    """The bucket and its settings.

    Args:
        names: the cluster's.
        key_arn: ARN of the key that objects are encrypted with.
        protect: whether the engine refuses to delete it; one that is not protected goes with all that is in it.
    """
    bucket = Planned(
        name=bucket_name(names),
        kind="aws:s3/bucket:Bucket",
        properties={"bucket": names.bucket, "forceDestroy": not protect, "tags": names.tags(names.bucket)},
        protect=protect,
    )
    default = {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": key_arn}
    settings: dict[str, dict[str, Any]] = {
        "versioning": {"versioningConfiguration": {"status": "Enabled"}},
        "encryption": {"rules": [{"applyServerSideEncryptionByDefault": default, "bucketKeyEnabled": True}]},
        "privacy": dict.fromkeys(_PUBLIC, True),
        "ownership": {"rule": {"objectOwnership": "BucketOwnerEnforced"}},
        "policy": {"policy": policy(names)},
        "lifecycle": {"rules": _lifecycle()},
    }
    # S3 refuses a change of one of a bucket's settings while it makes another one.
    before = {"policy": ["privacy"], "ownership": ["policy"], "lifecycle": ["versioning"]}
    return [
        bucket,
        *(
            Planned(
                name=f"{bucket.name}-{each}",
                kind=_TOKENS[each],
                properties={"bucket": Ref(bucket.name), **properties},
                after=[f"{bucket.name}-{other}" for other in before.get(each, ())],
            )
            for each, properties in settings.items()
        ),
    ]


_PUBLIC = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def artifact(names: Ec2Names, what: str, path: str, sha256: str) -> Planned:
    """A program that members fetch: named by its content, so that another one is put beside it.

    Args:
        names: the cluster's.
        what: it is.
        path: of the file.
        sha256: of its content.
    """
    properties: Properties = {
        "bucket": Ref(bucket_name(names)),
        "key": f"{ARTIFACTS}{sha256}",
        "source": File(path),
        "sourceHash": sha256,
        "contentType": "application/octet-stream",
        "tags": names.few_tags(what),
    }
    kind = "aws:s3/bucketObjectv2:BucketObjectv2"
    return Planned(name=f"{names.cluster}-{what}", kind=kind, properties=properties, after=setting_names(names))


def policy(names: Ec2Names) -> Json:
    """What nobody may do, whatever their own rights.

    Speak to it in the clear, come from another account, or, as a member, do anything but read, and write what members
    publish.
    """
    everything = [names.bucket_arn, f"{names.bucket_arn}/*"]
    elsewhere = {
        "StringNotEquals": {"aws:PrincipalAccount": names.account},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
    }
    return document(
        [
            _deny("InTheClear", ["s3:*"], Grant(everything, {"Bool": {"aws:SecureTransport": "false"}})),
            _deny("OldTls", ["s3:*"], Grant(everything, {"NumericLessThan": {"s3:TlsVersion": LEAST_TLS}})),
            _deny("OtherAccounts", ["s3:*"], Grant(everything, elsewhere)),
            _only_published(names),
            _nothing_else(names, everything),
        ]
    )


def _only_published(names: Ec2Names) -> dict[str, Any]:
    """Members cannot write desired documents, operators' orders, or programs."""
    denied = _deny("MembersWriteOnlyWhatTheyPublish", [_PUT], Grant((), _members(names)))
    del denied["Resource"]
    published = (f"{STATUS_PREFIX}*", f"{LOG_PREFIX}*", LOCK, FORMATION)
    return denied | {"NotResource": [f"{names.bucket_arn}/{CHANNEL}{each}" for each in published]}


def _nothing_else(names: Ec2Names, everything: Sequence[str]) -> dict[str, Any]:
    """Members delete nothing, and change none of the bucket's settings, this policy among them."""
    denied = _deny("MembersReadAndWriteOnly", (), Grant(everything, _members(names)))
    del denied["Action"]
    return denied | {"NotAction": list(MEMBERS_ACTIONS)}


def _members(names: Ec2Names) -> dict[str, dict[str, str]]:
    return {"ArnLike": {"aws:PrincipalArn": names.role_arn("*")}}


def _deny(sid: str, actions: Sequence[str], grant: Grant) -> dict[str, Any]:
    return statement(sid, actions, grant, effect="Deny", principal="*")


def _lifecycle() -> list[dict[str, Any]]:
    """What is replaced is kept for a while; what is current never expires."""
    often = [f"{CHANNEL}{each}" for each in (STATUS_PREFIX, LOG_PREFIX, LOCK)]
    published = [_expiring(f"published-{number}", prefix, PUBLISHED_DAYS) for number, prefix in enumerate(often, 1)]
    uploads = {"abortIncompleteMultipartUpload": {"daysAfterInitiation": UPLOAD_DAYS}}
    return [*published, _expiring("replaced", "", KEPT_DAYS) | uploads]


def _expiring(name: str, prefix: str, days: int) -> dict[str, Any]:
    return {
        "id": name,
        "status": "Enabled",
        "filter": {"prefix": prefix},
        "noncurrentVersionExpiration": {"noncurrentDays": days},
    }
