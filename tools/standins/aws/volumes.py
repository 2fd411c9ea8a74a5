"""EBS volumes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from tools.standins.aws.ec2_objects import Ec2Object
from tools.standins.aws.forms import NUMBER, SWITCH, TEXT, Field, Fields, incoming, outgoing
from tools.standins.aws.kind import TAGGED, changed
from tools.standins.aws.settings import Place
from tools.standins.values import Properties

_MODIFIED = {
    "size": Field(form=NUMBER, aws="Size"),
    "type": Field(form=TEXT, aws="VolumeType"),
    "iops": Field(form=NUMBER),
    "throughput": Field(form=NUMBER),
}
"""What AWS changes of a volume in use."""


class Volume(Ec2Object):
    noun, path = "Volume", "volume"
    fields: ClassVar[Fields] = {
        "availabilityZone": Field(form=TEXT, required=True, fixed=True),
        **_MODIFIED,
        "encrypted": Field(form=SWITCH, fixed=True),
        "kmsKeyId": Field(form=TEXT, fixed=True),
        "snapshotId": Field(form=TEXT, fixed=True),
        **TAGGED,
    }
    computed = ("arn", "createTime")
    absent = ("InvalidVolume.NotFound",)

    def problems(self, inputs: Properties) -> Mapping[str, str]:
        if inputs.get("size") is None and inputs.get("snapshotId") is None:
            return {"size": "one of size and snapshotId is needed"}
        return {}

    def seen(self, place: Place, found: Mapping[str, Any], known: Properties) -> Properties:
        return {**incoming(self.fields, {**found, "SnapshotId": found.get("SnapshotId") or None})}

    def created(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        return answer

    def change(self, place: Place, identity: str, before: Properties, after: Properties) -> None:
        told = changed(before, after) & _MODIFIED.keys()
        if not told:
            return
        if after["size"] < before["size"]:
            # AWS says so, too; moto does not.
            raise ValueError(f"size: volume {identity} cannot shrink from {before['size']} to {after['size']} GiB")
        wanted = {name: _MODIFIED[name] for name in sorted(told)}
        place.client("ec2").modify_volume(VolumeId=identity, **outgoing(wanted, after))
