"""Security groups and their rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from tools.standins.aws.ec2_objects import Ec2Object, set_tags
from tools.standins.aws.forms import NUMBER, TEXT, Field, Fields, incoming, outgoing, tag_list, tag_map
from tools.standins.aws.kind import TAGGED, Kind, changed
from tools.standins.aws.settings import Place
from tools.standins.values import Properties


class SecurityGroup(Ec2Object):
    noun, key, path, name = "SecurityGroup", "GroupId", "security-group", "name"
    fields: ClassVar[Fields] = {
        "name": Field(form=TEXT, aws="GroupName", required=True, fixed=True),
        "description": Field(form=TEXT, fixed=True),
        "vpcId": Field(form=TEXT, fixed=True),
        **TAGGED,
    }
    defaults: ClassVar[Mapping[str, Any]] = {"description": "Managed by Pulumi"}
    computed = ("arn", "ownerId")
    absent = ("InvalidGroup.NotFound",)

    def created(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        return answer

    def finish(self, place: Place, identity: str, inputs: Properties) -> None:
        # As the official provider does: what leaves is declared, too.
        _revoke_all(place, identity)

    def seen(self, place: Place, found: Mapping[str, Any], known: Properties) -> Properties:
        return {**incoming(self.fields, found), "ownerId": found["OwnerId"]}


class DefaultSecurityGroup(Kind):
    """The group that AWS made with a VPC: taken over and emptied, and left as it is in the end."""

    fields: ClassVar[Fields] = {"vpcId": Field(form=TEXT, required=True, fixed=True), **TAGGED}
    computed = ("arn", "name", "description", "ownerId")
    absent = ("InvalidGroup.NotFound",)

    def create(self, place: Place, inputs: Properties) -> str:
        filters = {"vpc-id": inputs["vpcId"], "group-name": "default"}
        found = place.client("ec2").describe_security_groups(
            Filters=[{"Name": name, "Values": [value]} for name, value in filters.items()]
        )["SecurityGroups"]
        identity: str = found[0]["GroupId"]
        _revoke_all(place, identity)
        set_tags(place, identity, {"tags": tag_map(found[0].get("Tags", []))}, inputs)
        return identity

    def read(self, place: Place, identity: str, known: Properties) -> Properties | None:
        found = place.client("ec2").describe_security_groups(GroupIds=[identity])["SecurityGroups"][0]
        return {
            **incoming(self.fields, found),
            "tags": tag_map(found.get("Tags", [])),
            "arn": place.arn("ec2", f"security-group/{identity}"),
            "name": found["GroupName"],
            "description": found["Description"],
            "ownerId": found["OwnerId"],
        }

    def update(self, place: Place, identity: str, before: Properties, after: Properties) -> None:
        set_tags(place, identity, before, after)

    def delete(self, place: Place, identity: str, known: Properties) -> None:
        """AWS does not let go of it before its VPC."""


def _revoke_all(place: Place, group: str) -> None:
    client = place.client("ec2")
    rules = client.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
    for leaving, revoke in ((True, client.revoke_security_group_egress), (False, client.revoke_security_group_ingress)):
        chosen = [each["SecurityGroupRuleId"] for each in rules["SecurityGroupRules"] if each["IsEgress"] is leaving]
        if chosen:
            revoke(GroupId=group, SecurityGroupRuleIds=chosen)


_ENDS = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")
_RULE = {
    "ipProtocol": Field(form=TEXT, required=True),
    "fromPort": Field(form=NUMBER),
    "toPort": Field(form=NUMBER),
    "cidrIpv4": Field(form=TEXT),
    "cidrIpv6": Field(form=TEXT),
    "prefixListId": Field(form=TEXT),
    "referencedSecurityGroupId": Field(form=TEXT, aws="ReferencedGroupId"),
    "description": Field(form=TEXT),
}


class SecurityGroupRule(Kind):
    """One rule of a group, for what comes in or for what leaves."""

    leaving: ClassVar[bool]
    fields: ClassVar[Fields] = {
        "securityGroupId": Field(form=TEXT, aws="GroupId", required=True, fixed=True),
        **_RULE,
        **TAGGED,
    }
    computed = ("arn", "securityGroupRuleId")
    untold = ("description",)
    absent = ("InvalidSecurityGroupRuleId.NotFound", "InvalidPermission.NotFound", "InvalidGroup.NotFound")

    def problems(self, inputs: Properties) -> Mapping[str, str]:
        given = [name for name in _ENDS if inputs.get(name)]
        if len(given) == 1:
            return {}
        return {given[0] if given else "cidrIpv4": f"exactly one of {', '.join(_ENDS)} is needed"}

    def create(self, place: Place, inputs: Properties) -> str:
        client = place.client("ec2")
        authorize = client.authorize_security_group_egress if self.leaving else client.authorize_security_group_ingress
        tags = [{"ResourceType": "security-group-rule", "Tags": tag_list(inputs["tags"])}] if inputs.get("tags") else []
        made = authorize(
            GroupId=inputs["securityGroupId"],
            IpPermissions=[_permission(inputs)],
            **({"TagSpecifications": tags} if tags else {}),
        )
        identity: str = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        return identity

    def read(self, place: Place, identity: str, known: Properties) -> Properties | None:
        rules = place.client("ec2").describe_security_group_rules(SecurityGroupRuleIds=[identity])["SecurityGroupRules"]
        if not rules:
            return None
        group = (rules[0].get("ReferencedGroupInfo") or {}).get("GroupId")
        # AWS says -1 for every port.
        found = {name: value for name, value in rules[0].items() if value not in ("", -1)}
        return {
            **incoming(self.fields, {**found, "ReferencedGroupId": group}),
            "tags": tag_map(rules[0].get("Tags", [])),
            "arn": place.arn("ec2", f"security-group-rule/{identity}"),
            "securityGroupRuleId": identity,
        }

    def update(self, place: Place, identity: str, before: Properties, after: Properties) -> None:
        set_tags(place, identity, before, after)
        if changed(before, after) & _RULE.keys():
            rule = {"SecurityGroupRuleId": identity, "SecurityGroupRule": outgoing(_RULE, after)}
            place.client("ec2").modify_security_group_rules(GroupId=after["securityGroupId"], SecurityGroupRules=[rule])

    def delete(self, place: Place, identity: str, known: Properties) -> None:
        client = place.client("ec2")
        revoke = client.revoke_security_group_egress if self.leaving else client.revoke_security_group_ingress
        revoke(GroupId=known["securityGroupId"], SecurityGroupRuleIds=[identity])


def _permission(inputs: Properties) -> dict[str, Any]:
    """The rule as the call that adds it wants it."""
    ports = {"fromPort": "FromPort", "toPort": "ToPort"}
    said = {"Description": inputs["description"]} if inputs.get("description") else {}
    ends = {
        "cidrIpv4": ("IpRanges", "CidrIp"),
        "cidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
        "prefixListId": ("PrefixListIds", "PrefixListId"),
        "referencedSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
    }
    return {
        "IpProtocol": inputs["ipProtocol"],
        **{aws: inputs[name] for name, aws in ports.items() if inputs.get(name) is not None},
        **{group: [{key: inputs[name], **said}] for name, (group, key) in ends.items() if inputs.get(name)},
    }


class SecurityGroupIngressRule(SecurityGroupRule):
    leaving = False


class SecurityGroupEgressRule(SecurityGroupRule):
    leaving = True
