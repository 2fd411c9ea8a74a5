"""Secrets Manager's secrets and their versions."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from tools.standins.aws.forms import NUMBER, TEXT, Field, Fields, incoming, outgoing, tag_list, tag_map
from tools.standins.aws.kind import TAGGED, Kind, changed, tag_changes
from tools.standins.aws.settings import Place
from tools.standins.values import Properties

_CURRENT = "AWSCURRENT"


class Secret(Kind):
    name = "name"
    fields: ClassVar[Fields] = {
        "name": Field(form=TEXT, required=True, fixed=True),
        "description": Field(form=TEXT),
        "kmsKeyId": Field(form=TEXT),
        "recoveryWindowInDays": Field(form=NUMBER, apart=True),
        **TAGGED,
    }
    defaults: ClassVar[Mapping[str, Any]] = {"recoveryWindowInDays": 30}
    untold = ("recoveryWindowInDays",)
    absent = ("ResourceNotFoundException",)

    def create(self, place: Place, inputs: Properties) -> str:
        tags = {"Tags": tag_list(inputs["tags"])} if inputs.get("tags") else {}
        made = place.client("secretsmanager").create_secret(**outgoing(self.fields, inputs), **tags)
        return str(made["ARN"])

    def read(self, place: Place, identity: str, known: Properties) -> Properties | None:
        found = place.client("secretsmanager").describe_secret(SecretId=identity)
        if found.get("DeletedDate"):
            return None
        tags = tag_map(found.get("Tags", []))
        return {**incoming(self.fields, found), "tags": tags, "arn": found["ARN"]}

    def update(self, place: Place, identity: str, before: Properties, after: Properties) -> None:
        client = place.client("secretsmanager")
        told = changed(before, after) & {"description", "kmsKeyId"}
        if told:
            wanted = {name: self.fields[name] for name in told}
            client.update_secret(SecretId=identity, **outgoing(wanted, after))
        wanted_tags, gone = tag_changes(before, after)
        if wanted_tags:
            client.tag_resource(SecretId=identity, Tags=tag_list(wanted_tags))
        if gone:
            client.untag_resource(SecretId=identity, TagKeys=gone)

    def delete(self, place: Place, identity: str, known: Properties) -> None:
        if self.read(place, identity, known) is None:
            return  # its deletion is under way
        days = known["recoveryWindowInDays"]
        how: dict[str, Any] = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
        place.client("secretsmanager").delete_secret(SecretId=identity, **how)


class SecretVersion(Kind):
    """A secret's value, which never changes: another value is another version. Its ID is `secret|version`."""

    fields: ClassVar[Fields] = {
        "secretId": Field(form=TEXT, required=True, fixed=True),
        "secretString": Field(form=TEXT, required=True, fixed=True),
    }
    computed = ("arn", "versionId", "versionStages")
    secrets = ("secretString",)
    absent = ("ResourceNotFoundException", "InvalidRequestException")

    def create(self, place: Place, inputs: Properties) -> str:
        made = place.client("secretsmanager").put_secret_value(
            SecretId=inputs["secretId"], SecretString=inputs["secretString"], ClientRequestToken=str(uuid.uuid4())
        )
        return f"{inputs['secretId']}|{made['VersionId']}"

    def read(self, place: Place, identity: str, known: Properties) -> Properties | None:
        secret, _, version = identity.rpartition("|")
        found = place.client("secretsmanager").get_secret_value(SecretId=secret, VersionId=version)
        return {
            "secretId": secret,
            "secretString": found["SecretString"],
            "arn": found["ARN"],
            "versionId": version,
            "versionStages": sorted(found["VersionStages"]),
        }

    def update(self, place: Place, identity: str, before: Properties, after: Properties) -> None:
        """Nothing of it changes."""

    def delete(self, place: Place, identity: str, known: Properties) -> None:
        """AWS drops versions without a stage by itself; the current one stays with its secret."""
        secret, _, version = identity.rpartition("|")
        client = place.client("secretsmanager")
        stages = client.describe_secret(SecretId=secret)["VersionIdsToStages"].get(version, [])
        for stage in stages:
            if stage != _CURRENT:
                client.update_secret_version_stage(SecretId=secret, VersionStage=stage, RemoveFromVersionId=version)
