"""KMS keys and their aliases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from tools.standins.aws.forms import DOCUMENT, NUMBER, SWITCH, TEXT, Field, Fields, incoming, outgoing
from tools.standins.aws.kind import TAGGED, Kind, changed, tag_changes
from tools.standins.aws.settings import Place
from tools.standins.values import Properties


class Key(Kind):
    fields: ClassVar[Fields] = {
        "description": Field(form=TEXT),
        "policy": Field(form=DOCUMENT),
        "enableKeyRotation": Field(form=SWITCH, apart=True),
        "rotationPeriodInDays": Field(form=NUMBER, apart=True),
        "deletionWindowInDays": Field(form=NUMBER, apart=True),
        **TAGGED,
    }
    defaults: ClassVar[Mapping[str, Any]] = {"enableKeyRotation": False}
    computed = ("arn", "keyId")
    untold = ("deletionWindowInDays", "rotationPeriodInDays")
    absent = ("NotFoundException",)

    def create(self, place: Place, inputs: Properties) -> str:
        client = place.client("kms")
        tags = {"Tags": _tags(inputs["tags"])} if inputs.get("tags") else {}
        identity: str = client.create_key(**outgoing(self.fields, inputs), **tags)["KeyMetadata"]["KeyId"]
        _set_rotation(client, identity, inputs)
        return identity

    def read(self, place: Place, identity: str, known: Properties) -> Properties | None:
        client = place.client("kms")
        found = client.describe_key(KeyId=identity)["KeyMetadata"]
        if found["KeyState"] in ("PendingDeletion", "PendingReplicaDeletion"):
            return None
        rotation = client.get_key_rotation_status(KeyId=identity)
        policy = client.get_key_policy(KeyId=identity, PolicyName="default")["Policy"]
        tags = client.list_resource_tags(KeyId=identity)["Tags"]
        period = rotation.get("RotationPeriodInDays")
        return {
            **incoming(self.fields, {**found, "Policy": policy}),
            "enableKeyRotation": rotation["KeyRotationEnabled"],
            **({"rotationPeriodInDays": period} if period else {}),
            "tags": {tag["TagKey"]: tag["TagValue"] for tag in tags},
            "arn": found["Arn"],
            "keyId": identity,
        }

    def update(self, place: Place, identity: str, before: Properties, after: Properties) -> None:
        client, told = place.client("kms"), changed(before, after)
        if "description" in told:
            client.update_key_description(KeyId=identity, Description=after.get("description") or "")
        if "policy" in told and after.get("policy"):
            client.put_key_policy(KeyId=identity, PolicyName="default", Policy=after["policy"])
        if told & {"enableKeyRotation", "rotationPeriodInDays"}:
            _set_rotation(client, identity, after)
        wanted, gone = tag_changes(before, after)
        if wanted:
            client.tag_resource(KeyId=identity, Tags=_tags(wanted))
        if gone:
            client.untag_resource(KeyId=identity, TagKeys=gone)

    def delete(self, place: Place, identity: str, known: Properties) -> None:
        days = known.get("deletionWindowInDays") or 30
        place.client("kms").schedule_key_deletion(KeyId=identity, PendingWindowInDays=days)


def _tags(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"TagKey": key, "TagValue": value} for key, value in sorted(tags.items())]


def _set_rotation(client: Any, key: str, inputs: Properties) -> None:
    if not inputs.get("enableKeyRotation"):
        client.disable_key_rotation(KeyId=key)
        return
    days = inputs.get("rotationPeriodInDays")
    client.enable_key_rotation(KeyId=key, **({"RotationPeriodInDays": days} if days else {}))


class Alias(Kind):
    name = "name"
    fields: ClassVar[Fields] = {
        "name": Field(form=TEXT, aws="AliasName", required=True, fixed=True),
        "targetKeyId": Field(form=TEXT, required=True),
    }
    computed = ("arn", "targetKeyArn")
    absent = ("NotFoundException",)

    def create(self, place: Place, inputs: Properties) -> str:
        place.client("kms").create_alias(**outgoing(self.fields, inputs))
        return str(inputs["name"])

    def read(self, place: Place, identity: str, known: Properties) -> Properties | None:
        pages = place.client("kms").get_paginator("list_aliases").paginate()
        found = [each for page in pages for each in page["Aliases"] if each["AliasName"] == identity]
        if not found:
            return None
        key = place.arn("kms", f"key/{found[0]['TargetKeyId']}")
        return {**incoming(self.fields, found[0]), "arn": found[0]["AliasArn"], "targetKeyArn": key}

    def update(self, place: Place, identity: str, before: Properties, after: Properties) -> None:
        place.client("kms").update_alias(**outgoing(self.fields, after))

    def delete(self, place: Place, identity: str, known: Properties) -> None:
        place.client("kms").delete_alias(AliasName=identity)
