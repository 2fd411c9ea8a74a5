"""The settings of a bucket that are resources of their own: one call to put, one to get, one to delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from tools.standins.aws.forms import (
    DOCUMENT,
    NUMBER,
    SWITCH,
    TEXT,
    Field,
    Fields,
    incoming,
    outgoing,
    structure,
    structures,
)
from tools.standins.aws.kind import Kind
from tools.standins.aws.settings import Place
from tools.standins.values import Properties

_BUCKET = {"bucket": Field(form=TEXT, required=True, fixed=True, apart=True)}
_GONE = ("NoSuchBucket",)
_NEWER = "newerNoncurrentVersions"


class BucketSetting(Kind):
    """One setting; its ID is the bucket's name."""

    call: ClassVar[str]
    """As the names of the calls have it, after `put_`, `get_` and `delete_`."""
    parameter: ClassVar[str]
    """Of the call that puts it, and of the answer; empty if the properties stand by themselves."""
    computed = ()

    def create(self, place: Place, inputs: Properties) -> str:
        self._put(place, inputs)
        return str(inputs["bucket"])

    def read(self, place: Place, identity: str, known: Properties) -> Properties | None:
        found = getattr(place.client("s3"), f"get_{self.call}")(Bucket=identity)
        inner = found.get(self.parameter, {}) if self.parameter else found
        return {"bucket": identity, **incoming(self.fields, self.shown(inner))}

    def update(self, place: Place, identity: str, before: Properties, after: Properties) -> None:
        self._put(place, after)

    def delete(self, place: Place, identity: str, known: Properties) -> None:
        getattr(place.client("s3"), f"delete_{self.call}")(Bucket=identity)

    def shown(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        """What AWS tells, as the table of properties has it."""
        return answer

    def sent(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """The parameters of the table of properties, as AWS wants them."""
        return parameters

    def _put(self, place: Place, inputs: Properties) -> None:
        wanted = self.sent(outgoing(self.fields, inputs))
        parameters = {self.parameter: wanted} if self.parameter else wanted
        getattr(place.client("s3"), f"put_{self.call}")(Bucket=inputs["bucket"], **parameters)


class BucketVersioning(BucketSetting):
    call, parameter = "bucket_versioning", ""
    fields: ClassVar[Fields] = {
        **_BUCKET,
        "versioningConfiguration": Field(form=structure(status=Field(form=TEXT, required=True)), required=True),
    }
    absent = _GONE

    def shown(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"VersioningConfiguration": {"Status": answer.get("Status", "Disabled")}}

    def delete(self, place: Place, identity: str, known: Properties) -> None:
        # Versions cannot be abolished, only no longer made.
        suspended = {"Status": "Suspended"}
        place.client("s3").put_bucket_versioning(Bucket=identity, VersioningConfiguration=suspended)


class BucketEncryption(BucketSetting):
    call, parameter = "bucket_encryption", "ServerSideEncryptionConfiguration"
    fields: ClassVar[Fields] = {
        **_BUCKET,
        "rules": Field(
            form=structures(
                applyServerSideEncryptionByDefault=Field(
                    form=structure(
                        sseAlgorithm=Field(form=TEXT, aws="SSEAlgorithm", required=True),
                        kmsMasterKeyId=Field(form=TEXT, aws="KMSMasterKeyID"),
                    )
                ),
                bucketKeyEnabled=Field(form=SWITCH),
            ),
            required=True,
        ),
    }
    absent = (*_GONE, "ServerSideEncryptionConfigurationNotFoundError")


class BucketPublicAccessBlock(BucketSetting):
    call, parameter = "public_access_block", "PublicAccessBlockConfiguration"
    fields: ClassVar[Fields] = {
        **_BUCKET,
        "blockPublicAcls": Field(form=SWITCH),
        "blockPublicPolicy": Field(form=SWITCH),
        "ignorePublicAcls": Field(form=SWITCH),
        "restrictPublicBuckets": Field(form=SWITCH),
    }
    absent = (*_GONE, "NoSuchPublicAccessBlockConfiguration")


class BucketOwnershipControls(BucketSetting):
    call, parameter = "bucket_ownership_controls", "OwnershipControls"
    fields: ClassVar[Fields] = {
        **_BUCKET,
        "rule": Field(form=structure(objectOwnership=Field(form=TEXT, required=True)), required=True),
    }
    absent = (*_GONE, "OwnershipControlsNotFoundError")

    def shown(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"Rule": answer["Rules"][0]}

    def sent(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"Rules": [parameters["Rule"]]}


class BucketPolicy(BucketSetting):
    call, parameter = "bucket_policy", ""
    fields: ClassVar[Fields] = {**_BUCKET, "policy": Field(form=DOCUMENT, required=True)}
    absent = (*_GONE, "NoSuchBucketPolicy")


class BucketLifecycle(BucketSetting):
    call, parameter = "bucket_lifecycle_configuration", "LifecycleConfiguration"
    fields: ClassVar[Fields] = {
        **_BUCKET,
        "rules": Field(
            form=structures(
                id=Field(form=TEXT, aws="ID", required=True),
                status=Field(form=TEXT, required=True),
                filter=Field(form=structure(prefix=Field(form=TEXT))),
                expiration=Field(form=structure(days=Field(form=NUMBER), expiredObjectDeleteMarker=Field(form=SWITCH))),
                noncurrentVersionExpiration=Field(
                    form=structure(
                        noncurrentDays=Field(form=NUMBER, required=True), newerNoncurrentVersions=Field(form=NUMBER)
                    )
                ),
                abortIncompleteMultipartUpload=Field(form=structure(daysAfterInitiation=Field(form=NUMBER))),
            ),
            required=True,
        ),
    }
    absent = (*_GONE, "NoSuchLifecycleConfiguration")

    def read(self, place: Place, identity: str, known: Properties) -> Properties | None:
        rules = place.client("s3").get_bucket_lifecycle_configuration(Bucket=identity)["Rules"]
        found = incoming(self.fields, {"Rules": rules})
        for rule in found["rules"]:
            # moto does not keep how many newer versions there have to be.
            declared: Properties = next((each for each in known["rules"] if each["id"] == rule["id"]), {})
            if expiry := rule.get("noncurrentVersionExpiration"):
                expiry.setdefault(_NEWER, declared.get("noncurrentVersionExpiration", {}).get(_NEWER))
        return {"bucket": identity, **found}

    def delete(self, place: Place, identity: str, known: Properties) -> None:
        place.client("s3").delete_bucket_lifecycle(Bucket=identity)
