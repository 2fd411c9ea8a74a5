"""Route 53's hosted zones and their records."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from tools.standins.aws.forms import (
    NUMBER,
    SWITCH,
    TEXT,
    Field,
    Fields,
    Form,
    incoming,
    outgoing,
    structures,
    tag_list,
    tag_map,
)
from tools.standins.aws.kind import TAGGED, Kind, changed, tag_changes
from tools.standins.aws.settings import Place
from tools.standins.values import Properties

_OWN = ("NS", "SOA")
"""The records that a zone begins with, and cannot be without."""


class Zone(Kind):
    fields: ClassVar[Fields] = {
        "name": Field(form=TEXT, required=True, fixed=True),
        "comment": Field(form=TEXT),
        "vpcs": Field(
            form=structures(vpcId=Field(form=TEXT, aws="VPCId", required=True), vpcRegion=Field(form=TEXT)),
            required=True,
        ),
        "forceDestroy": Field(form=SWITCH),
        **TAGGED,
    }
    defaults: ClassVar[Mapping[str, Any]] = {"comment": "Managed by Pulumi", "forceDestroy": False}
    computed = ("arn", "zoneId", "nameServers", "primaryNameServer")
    untold = ("forceDestroy",)
    absent = ("NoSuchHostedZone",)

    def create(self, place: Place, inputs: Properties) -> str:
        client = place.client("route53")
        first, *others = inputs["vpcs"]
        made = client.create_hosted_zone(
            Name=inputs["name"],
            CallerReference=uuid.uuid4().hex,
            HostedZoneConfig={"Comment": inputs["comment"], "PrivateZone": True},
            VPC=_vpc(place, first),
        )
        identity: str = made["HostedZone"]["Id"].rpartition("/")[2]
        for each in others:
            client.associate_vpc_with_hosted_zone(HostedZoneId=identity, VPC=_vpc(place, each))
        _set_tags(client, identity, {}, inputs)
        return identity

    def read(self, place: Place, identity: str, known: Properties) -> Properties | None:
        client = place.client("route53")
        found = client.get_hosted_zone(Id=identity)
        tags = client.list_tags_for_resource(ResourceType="hostedzone", ResourceId=identity)
        records = client.list_resource_record_sets(HostedZoneId=identity)["ResourceRecordSets"]
        servers = sorted(
            value["Value"] for each in records if each["Type"] == "NS" for value in each["ResourceRecords"]
        )
        return {
            "name": found["HostedZone"]["Name"].rstrip("."),
            "comment": found["HostedZone"]["Config"].get("Comment", ""),
            "vpcs": [{"vpcId": each["VPCId"], "vpcRegion": each["VPCRegion"]} for each in found.get("VPCs", [])],
            "tags": tag_map(tags["ResourceTagSet"]["Tags"]),
            "arn": f"arn:aws:route53:::hostedzone/{identity}",
            "zoneId": identity,
            "nameServers": servers,
            "primaryNameServer": servers[0] if servers else "",
        }

    def update(self, place: Place, identity: str, before: Properties, after: Properties) -> None:
        client = place.client("route53")
        if before.get("comment") != after.get("comment"):
            client.update_hosted_zone_comment(Id=identity, Comment=after["comment"])
        old, new = ([_vpc(place, each) for each in inputs["vpcs"]] for inputs in (before, after))
        for each in new:
            if each not in old:
                client.associate_vpc_with_hosted_zone(HostedZoneId=identity, VPC=each)
        for each in old:
            if each not in new:
                client.disassociate_vpc_from_hosted_zone(HostedZoneId=identity, VPC=each)
        _set_tags(client, identity, before, after)

    def delete(self, place: Place, identity: str, known: Properties) -> None:
        client = place.client("route53")
        records = client.list_resource_record_sets(HostedZoneId=identity)["ResourceRecordSets"]
        doomed = [{"Action": "DELETE", "ResourceRecordSet": each} for each in records if each["Type"] not in _OWN]
        if doomed and known.get("forceDestroy"):
            client.change_resource_record_sets(HostedZoneId=identity, ChangeBatch={"Changes": doomed})
        client.delete_hosted_zone(Id=identity)


def _vpc(place: Place, vpc: Properties) -> dict[str, str]:
    return {"VPCId": vpc["vpcId"], "VPCRegion": vpc.get("vpcRegion") or place.region}


def _set_tags(client: Any, zone: str, before: Properties, after: Properties) -> None:
    wanted, gone = tag_changes(before, after)
    if wanted or gone:
        client.change_tags_for_resource(
            ResourceType="hostedzone",
            ResourceId=zone,
            **({"AddTags": tag_list(wanted)} if wanted else {}),
            **({"RemoveTagKeys": gone} if gone else {}),
        )


_ALIAS = structures(
    name=Field(form=TEXT, aws="DNSName", required=True),
    zoneId=Field(form=TEXT, aws="HostedZoneId", required=True),
    evaluateTargetHealth=Field(form=SWITCH, required=True),
)


_VALUES = Form(
    list,
    outgoing=lambda values: [{"Value": each} for each in values],
    incoming=lambda records: sorted(each["Value"] for each in records),
)


class Record(Kind):
    """A record with values, or an alias of a load balancer; its ID is `zone_name_type`, as the official provider's."""

    fields: ClassVar[Fields] = {
        "zoneId": Field(form=TEXT, required=True, fixed=True, apart=True),
        "name": Field(form=TEXT, required=True, fixed=True),
        "type": Field(form=TEXT, required=True),
        "ttl": Field(form=NUMBER, aws="TTL"),
        "records": Field(form=_VALUES, aws="ResourceRecords"),
        "aliases": Field(form=_ALIAS, apart=True),
        "allowOverwrite": Field(form=SWITCH, apart=True),
    }
    computed = ("fqdn",)
    untold = ("allowOverwrite",)
    absent = ("NoSuchHostedZone",)

    def create(self, place: Place, inputs: Properties) -> str:
        self._change(place, "UPSERT" if inputs.get("allowOverwrite") else "CREATE", inputs)
        return f"{inputs['zoneId']}_{inputs['name']}_{inputs['type']}"

    def read(self, place: Place, identity: str, known: Properties) -> Properties | None:
        records = place.client("route53").list_resource_record_sets(HostedZoneId=known["zoneId"])["ResourceRecordSets"]
        for each in records:
            if each["Name"].rstrip(".") == known["name"] and each["Type"] == known["type"]:
                shown = incoming(self.fields, {**each, "Name": known["name"]})
                return {**shown, **_alias(each), "zoneId": known["zoneId"], "fqdn": known["name"]}
        return None

    def update(self, place: Place, identity: str, before: Properties, after: Properties) -> None:
        if "type" in changed(before, after):
            raise ValueError("type: not changed by this stand-in: replace the record")
        self._change(place, "UPSERT", after)

    def delete(self, place: Place, identity: str, known: Properties) -> None:
        self._change(place, "DELETE", known)

    def _change(self, place: Place, action: str, inputs: Properties) -> None:
        record = outgoing(self.fields, inputs)
        if inputs.get("aliases"):
            record["AliasTarget"] = _ALIAS.outgoing(inputs["aliases"])[0]
        place.client("route53").change_resource_record_sets(
            HostedZoneId=inputs["zoneId"], ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": record}]}
        )


def _alias(found: Mapping[str, Any]) -> dict[str, Any]:
    if "AliasTarget" not in found:
        return {}
    target = {**found["AliasTarget"], "DNSName": found["AliasTarget"]["DNSName"].rstrip(".")}
    return {"aliases": _ALIAS.incoming([target])}
