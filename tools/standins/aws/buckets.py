"""S3 buckets and the objects in them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from tenacity import retry, retry_if_exception, stop_after_attempt

from tools.standins.aws.forms import MAP, SWITCH, TEXT, Field, Fields, tag_list, tag_map
from tools.standins.aws.kind import TAGGED, Kind, changed
from tools.standins.aws.settings import Place
from tools.standins.values import SIGNATURE, Properties

_NO_TAGS = "NoSuchTagSet"
_OWNED = "BucketAlreadyOwnedByYou"
_CLASSIC = "us-east-1"
"""The region that is no location of a bucket."""

_OF_CONTENT = ("etag", "versionId", "checksumSha256")
_EMPTYINGS = 20
"""Most times that a bucket is emptied before its deletion."""


class Bucket(Kind):
    name = "bucket"
    fields: ClassVar[Fields] = {
        "bucket": Field(form=TEXT, required=True, fixed=True),
        "forceDestroy": Field(form=SWITCH),
        **TAGGED,
    }
    defaults: ClassVar[Mapping[str, Any]] = {"forceDestroy": False}
    computed = ("arn", "bucketDomainName", "bucketRegionalDomainName", "bucketRegion")
    untold = ("forceDestroy",)
    absent = ("404", "NoSuchBucket")

    def create(self, place: Place, inputs: Properties) -> str:
        client, name = place.client("s3"), str(inputs["bucket"])
        where = {"CreateBucketConfiguration": {"LocationConstraint": place.region}}
        # The first region of all answers that a bucket of one's own is made, as if it were new.
        if name in [each["Name"] for each in client.list_buckets()["Buckets"]]:
            raise ValueError(f"bucket {name} is there already: {_OWNED}")
        client.create_bucket(Bucket=name, **({} if place.region == _CLASSIC else where))
        self._set_tags(client, name, inputs.get("tags") or {})
        return name

    def read(self, place: Place, identity: str, known: Properties) -> Properties | None:
        client = place.client("s3")
        client.head_bucket(Bucket=identity)
        return {
            "bucket": identity,
            "tags": _tags(client, identity),
            "arn": f"arn:aws:s3:::{identity}",
            "bucketDomainName": f"{identity}.s3.amazonaws.com",
            "bucketRegionalDomainName": f"{identity}.s3.{place.region}.amazonaws.com",
            "bucketRegion": place.region,
        }

    def update(self, place: Place, identity: str, before: Properties, after: Properties) -> None:
        if "tags" in changed(before, after):
            self._set_tags(place.client("s3"), identity, after.get("tags") or {})

    def delete(self, place: Place, identity: str, known: Properties) -> None:
        client = place.client("s3")
        if known.get("forceDestroy"):
            _delete_with_content(client, identity)
        else:
            client.delete_bucket(Bucket=identity)

    @staticmethod
    def _set_tags(client: Any, name: str, tags: Mapping[str, str]) -> None:
        if tags:
            client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tag_list(tags)})
        else:
            client.delete_bucket_tagging(Bucket=name)


def _tags(client: Any, bucket: str) -> dict[str, str]:
    try:
        return tag_map(client.get_bucket_tagging(Bucket=bucket)["TagSet"])
    except client.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != _NO_TAGS:
            raise
        return {}


def _is_written_to(error: BaseException) -> bool:
    return isinstance(error, ClientError) and error.response["Error"]["Code"] == "BucketNotEmpty"


@retry(retry=retry_if_exception(_is_written_to), stop=stop_after_attempt(_EMPTYINGS), reraise=True)
def _delete_with_content(client: Any, bucket: str) -> None:
    """Empties it again where somebody has written meanwhile, as the official provider does."""
    _empty(client, bucket)
    client.delete_bucket(Bucket=bucket)


def _empty(client: Any, bucket: str, prefix: str = "", *, only: str = "") -> None:
    """Deletes every version of a bucket's objects; of one key, if `only` names it."""
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        doomed = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found if only in ("", each["Key"])]
        if doomed:
            client.delete_objects(Bucket=bucket, Delete={"Objects": doomed})


class BucketObject(Kind):
    """An object whose content is a file of the program's, or a text; its ID is `bucket/key`."""

    fields: ClassVar[Fields] = {
        "bucket": Field(form=TEXT, required=True, fixed=True),
        "key": Field(form=TEXT, required=True, fixed=True),
        "source": Field(form=MAP),
        "content": Field(form=TEXT),
        "contentType": Field(form=TEXT),
        "sourceHash": Field(form=TEXT),
        "checksumAlgorithm": Field(form=TEXT),
        "forceDestroy": Field(form=SWITCH),
        **TAGGED,
    }
    defaults: ClassVar[Mapping[str, Any]] = {"forceDestroy": False}
    computed = ("arn", *_OF_CONTENT)
    restless: ClassVar[Mapping[str, Sequence[str]]] = dict.fromkeys(("source", "content", "sourceHash"), _OF_CONTENT)
    untold = ("source", "content", "sourceHash", "checksumAlgorithm", "forceDestroy")
    absent = ("404", "NoSuchKey", "NoSuchBucket")

    def problems(self, inputs: Properties) -> Mapping[str, str]:
        given = [name for name in ("source", "content") if name in inputs]
        return {} if len(given) == 1 else {"source": "exactly one of source and content is needed"}

    def create(self, place: Place, inputs: Properties) -> str:
        self._put(place, inputs)
        return f"{inputs['bucket']}/{inputs['key']}"

    def read(self, place: Place, identity: str, known: Properties) -> Properties | None:
        client = place.client("s3")
        where = {"Bucket": known["bucket"], "Key": known["key"]}
        found = client.head_object(**where, ChecksumMode="ENABLED")
        return {
            "bucket": known["bucket"],
            "key": known["key"],
            "contentType": found["ContentType"],
            "tags": tag_map(client.get_object_tagging(**where)["TagSet"]),
            "arn": f"arn:aws:s3:::{identity}",
            "etag": found["ETag"].strip('"'),
            "versionId": found.get("VersionId", ""),
            "checksumSha256": found.get("ChecksumSHA256", ""),
        }

    def update(self, place: Place, identity: str, before: Properties, after: Properties) -> None:
        told = changed(before, after)
        if told - {"tags", "forceDestroy"}:
            self._put(place, after)
        elif "tags" in told:
            place.client("s3").put_object_tagging(
                Bucket=after["bucket"], Key=after["key"], Tagging={"TagSet": tag_list(after.get("tags") or {})}
            )

    def delete(self, place: Place, identity: str, known: Properties) -> None:
        _empty(place.client("s3"), known["bucket"], known["key"], only=known["key"])

    @staticmethod
    def _put(place: Place, inputs: Properties) -> None:
        data, client = _content(inputs), place.client("s3")
        where = {"Bucket": inputs["bucket"], "Key": inputs["key"]}
        names = {"contentType": "ContentType"}
        given = {aws: inputs[name] for name, aws in names.items() if inputs.get(name)}
        if inputs.get("checksumAlgorithm") == "SHA256":
            given["ChecksumSHA256"] = base64.b64encode(hashlib.sha256(data).digest()).decode()
        client.put_object(**where, Body=data, **given)
        if inputs.get("tags"):
            client.put_object_tagging(**where, Tagging={"TagSet": tag_list(inputs["tags"])})


def _content(inputs: Properties) -> bytes:
    """What is to be in the object.

    Raises:
        ValueError: its source is none that the stand-in reads.
    """
    if "content" in inputs:
        return str(inputs["content"]).encode()
    asset = {name: value for name, value in inputs["source"].items() if name != SIGNATURE}
    if asset.get("text"):
        return str(asset["text"]).encode()
    if not asset.get("path"):
        raise ValueError("source: this stand-in reads assets that are files or texts, no others")
    try:
        return Path(asset["path"]).read_bytes()
    except OSError as error:
        raise ValueError(f"source: {error}") from error
