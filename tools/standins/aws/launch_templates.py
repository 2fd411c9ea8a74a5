"""Launch templates, whose every update is a new version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from tools.standins.aws.ec2_objects import Ec2Object
from tools.standins.aws.forms import (
    FLAG,
    MAP,
    NUMBER,
    SWITCH,
    TAGS,
    TEXT,
    TEXTS,
    Field,
    Fields,
    incoming,
    outgoing,
    structure,
    structures,
    tag_list,
    tag_map,
)
from tools.standins.aws.kind import changed
from tools.standins.aws.settings import Place
from tools.standins.values import Properties

_EBS = structure(
    encrypted=Field(form=FLAG),
    kmsKeyId=Field(form=TEXT),
    volumeType=Field(form=TEXT),
    volumeSize=Field(form=NUMBER),
    iops=Field(form=NUMBER),
    throughput=Field(form=NUMBER),
    deleteOnTermination=Field(form=FLAG),
)
_DATA = {
    "imageId": Field(form=TEXT),
    "instanceType": Field(form=TEXT),
    "ebsOptimized": Field(form=FLAG),
    "userData": Field(form=TEXT),
    "iamInstanceProfile": Field(form=structure(arn=Field(form=TEXT), name=Field(form=TEXT))),
    "metadataOptions": Field(
        form=structure(
            httpEndpoint=Field(form=TEXT),
            httpTokens=Field(form=TEXT),
            httpPutResponseHopLimit=Field(form=NUMBER),
            httpProtocolIpv6=Field(form=TEXT),
            instanceMetadataTags=Field(form=TEXT),
        )
    ),
    "networkInterfaces": Field(
        form=structures(
            deviceIndex=Field(form=NUMBER),
            associatePublicIpAddress=Field(form=FLAG),
            deleteOnTermination=Field(form=FLAG),
            securityGroups=Field(form=TEXTS, aws="Groups"),
        )
    ),
    "blockDeviceMappings": Field(form=structures(deviceName=Field(form=TEXT), ebs=Field(form=_EBS))),
    "monitoring": Field(form=structure(enabled=Field(form=SWITCH))),
    "tagSpecifications": Field(form=structures(resourceType=Field(form=TEXT), tags=Field(form=TAGS))),
}
"""What instances are made from."""

_TEMPLATE = "launch-template"


class LaunchTemplate(Ec2Object):
    noun, path, name = "LaunchTemplate", _TEMPLATE, "name"
    fields: ClassVar[Fields] = {
        "name": Field(form=TEXT, aws="LaunchTemplateName", required=True, fixed=True),
        **{name: Field(form=each.form, apart=True) for name, each in _DATA.items()},
        "updateDefaultVersion": Field(form=SWITCH, apart=True),
        "tags": Field(form=MAP, apart=True),
    }
    computed = ("arn", "defaultVersion", "latestVersion")
    untold = ("updateDefaultVersion",)
    restless: ClassVar[Mapping[str, Sequence[str]]] = {"*": ("latestVersion", "defaultVersion")}
    absent = tuple(f"InvalidLaunchTemplate{key}.NotFound{moto}" for key in ("Id", "Name") for moto in ("", "Exception"))

    def besides(self, inputs: Properties) -> dict[str, Any]:
        return {"LaunchTemplateData": outgoing(_DATA, inputs)}

    def specified_tags(self, inputs: Properties) -> dict[str, Any]:
        tags = inputs.get("tags")
        return {"TagSpecifications": [{"ResourceType": _TEMPLATE, "Tags": tag_list(tags)}]} if tags else {}

    def seen(self, place: Place, found: Mapping[str, Any], known: Properties) -> Properties:
        latest = place.client("ec2").describe_launch_template_versions(
            LaunchTemplateId=found["LaunchTemplateId"], Versions=["$Latest"]
        )["LaunchTemplateVersions"][0]
        data = incoming(_DATA, latest["LaunchTemplateData"])
        # moto puts the template's own tags among them.
        others = [each for each in data.get("tagSpecifications", []) if each["resourceType"] != _TEMPLATE]
        # moto tells in the template itself the tags of its first day.
        named = [{"Name": "resource-id", "Values": [found["LaunchTemplateId"]]}]
        return {
            "name": found["LaunchTemplateName"],
            "tags": tag_map(place.client("ec2").describe_tags(Filters=named)["Tags"]),
            **data,
            **({"tagSpecifications": others} if others else {}),
            "latestVersion": found["LatestVersionNumber"],
            "defaultVersion": found["DefaultVersionNumber"],
        }

    def change(self, place: Place, identity: str, before: Properties, after: Properties) -> None:
        client = place.client("ec2")
        if changed(before, after) & _DATA.keys():
            client.create_launch_template_version(LaunchTemplateId=identity, LaunchTemplateData=outgoing(_DATA, after))
        if after.get("updateDefaultVersion"):
            found = client.describe_launch_templates(LaunchTemplateIds=[identity])["LaunchTemplates"][0]
            latest = str(found["LatestVersionNumber"])
            client.modify_launch_template(LaunchTemplateId=identity, DefaultVersion=latest)
