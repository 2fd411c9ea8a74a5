"""Network load balancers, their target groups and listeners."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeAlias

from tools.standins.aws.forms import (
    NUMBER,
    SWITCH,
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
from tools.standins.aws.kind import TAGGED, Kind, changed, tag_changes
from tools.standins.aws.settings import Place
from tools.standins.values import Properties

Attributes: TypeAlias = Mapping[str, tuple[str, type]]
"""The properties that are attributes, which are texts: AWS's name, and what a program gives."""


def _said(value: Any) -> str:
    return str(value).lower()


class Balancing(Kind):
    """What the service finds by its ARN, and describes partly by attributes, which are texts."""

    noun: ClassVar[str]
    """As the names of calls have it, such as `target_group`."""
    aws: ClassVar[str]
    attributes: ClassVar[Attributes] = {}

    def create(self, place: Place, inputs: Properties) -> str:
        client = place.client("elbv2")
        tags = {"Tags": tag_list(inputs["tags"])} if inputs.get("tags") else {}
        made = getattr(client, f"create_{self.noun}")(**outgoing(self._plain, inputs), **tags)
        identity: str = made[f"{self.aws}s"][0][f"{self.aws}Arn"]
        self._set_attributes(client, identity, {}, inputs)
        return identity

    def read(self, place: Place, identity: str, known: Properties) -> Properties | None:
        client = place.client("elbv2")
        found = getattr(client, f"describe_{self.noun}s")(**{f"{self.aws}Arns": [identity]})[f"{self.aws}s"]
        if not found:
            return None
        tags = client.describe_tags(ResourceArns=[identity])["TagDescriptions"][0]["Tags"]
        seen = {**incoming(self._plain, self.shown(found[0])), **self._attributes_of(client, identity)}
        return {**seen, "tags": tag_map(tags), "arn": identity, **self.computed_of(identity, found[0])}

    def update(self, place: Place, identity: str, before: Properties, after: Properties) -> None:
        client = place.client("elbv2")
        self._set_attributes(client, identity, before, after)
        told = {name: self._plain[name] for name in changed(before, after) & self._plain.keys()}
        if told:
            self.modify(client, identity, outgoing(told, after))
        wanted, gone = tag_changes(before, after)
        if wanted:
            client.add_tags(ResourceArns=[identity], Tags=tag_list(wanted))
        if gone:
            client.remove_tags(ResourceArns=[identity], TagKeys=gone)

    def delete(self, place: Place, identity: str, known: Properties) -> None:
        getattr(place.client("elbv2"), f"delete_{self.noun}")(**{f"{self.aws}Arn": identity})

    def shown(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        """An object that was found, as the table of properties has it."""
        return found

    def computed_of(self, identity: str, found: Mapping[str, Any]) -> Properties:
        """The outputs that nobody declares."""
        return {}

    def modify(self, client: Any, identity: str, parameters: Mapping[str, Any]) -> None:
        """What an update has to do besides tags and attributes."""
        getattr(client, f"modify_{self.noun}")(**{f"{self.aws}Arn": identity}, **parameters)

    @property
    def _plain(self) -> Fields:
        return {name: each for name, each in self.fields.items() if not each.apart}

    def _attributes_of(self, client: Any, identity: str) -> Properties:
        if not self.attributes:
            return {}
        call = getattr(client, f"describe_{self.noun}_attributes")
        told = {each["Key"]: each["Value"] for each in call(**{f"{self.aws}Arn": identity})["Attributes"]}
        return {
            name: told[key] == "true" if form is bool else form(told[key])
            for name, (key, form) in self.attributes.items()
            if key in told
        }

    def _set_attributes(self, client: Any, identity: str, before: Mapping[str, Any], after: Properties) -> None:
        told = {name: after.get(name) for name in changed(before, after) & self.attributes.keys()}
        wanted = [{"Key": self.attributes[name][0], "Value": _said(value)} for name, value in told.items()]
        if wanted:
            getattr(client, f"modify_{self.noun}_attributes")(**{f"{self.aws}Arn": identity}, Attributes=wanted)


class LoadBalancer(Balancing):
    noun, aws, name = "load_balancer", "LoadBalancer", "name"
    attributes: ClassVar[Attributes] = {
        "enableCrossZoneLoadBalancing": ("load_balancing.cross_zone.enabled", bool),
        "enableDeletionProtection": ("deletion_protection.enabled", bool),
        "dnsRecordClientRoutingPolicy": ("dns_record.client_routing_policy", str),
    }
    fields: ClassVar[Fields] = {
        "name": Field(form=TEXT, required=True, fixed=True),
        "internal": Field(form=SWITCH, apart=True, required=True, fixed=True),
        "loadBalancerType": Field(form=TEXT, aws="Type", required=True, fixed=True),
        "subnets": Field(form=TEXTS),
        "securityGroups": Field(form=TEXTS),
        "enableCrossZoneLoadBalancing": Field(form=SWITCH, apart=True),
        "enableDeletionProtection": Field(form=SWITCH, apart=True),
        "dnsRecordClientRoutingPolicy": Field(form=TEXT, apart=True),
        **TAGGED,
    }
    defaults: ClassVar[Mapping[str, Any]] = {"enableCrossZoneLoadBalancing": False, "enableDeletionProtection": False}
    computed = ("arn", "arnSuffix", "dnsName", "zoneId")
    absent = ("LoadBalancerNotFound",)

    def problems(self, inputs: Properties) -> Mapping[str, str]:
        return {} if inputs.get("internal") is True else {"internal": "this stand-in makes internal ones only"}

    def create(self, place: Place, inputs: Properties) -> str:
        client = place.client("elbv2")
        tags = {"Tags": tag_list(inputs["tags"])} if inputs.get("tags") else {}
        made = client.create_load_balancer(**outgoing(self._plain, inputs), Scheme="internal", **tags)
        identity: str = made["LoadBalancers"][0]["LoadBalancerArn"]
        self._set_attributes(client, identity, self.defaults, inputs)
        return identity

    def shown(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        subnets = [each["SubnetId"] for each in found["AvailabilityZones"]]
        return {**found, "Name": found["LoadBalancerName"], "Subnets": subnets}

    def computed_of(self, identity: str, found: Mapping[str, Any]) -> Properties:
        return {
            "internal": found["Scheme"] == "internal",
            "arnSuffix": identity.partition(":loadbalancer/")[2],
            "dnsName": found["DNSName"],
            "zoneId": found["CanonicalHostedZoneId"],
        }

    def modify(self, client: Any, identity: str, parameters: Mapping[str, Any]) -> None:
        if "Subnets" in parameters:
            client.set_subnets(LoadBalancerArn=identity, Subnets=parameters["Subnets"])
        if "SecurityGroups" in parameters:
            client.set_security_groups(LoadBalancerArn=identity, SecurityGroups=parameters["SecurityGroups"])


_CHECK: Fields = {
    "protocol": Field(form=TEXT, aws="HealthCheckProtocol"),
    "port": Field(form=TEXT, aws="HealthCheckPort"),
    "path": Field(form=TEXT, aws="HealthCheckPath"),
    "interval": Field(form=NUMBER, aws="HealthCheckIntervalSeconds"),
    "timeout": Field(form=NUMBER, aws="HealthCheckTimeoutSeconds"),
    "healthyThreshold": Field(form=NUMBER, aws="HealthyThresholdCount"),
    "unhealthyThreshold": Field(form=NUMBER, aws="UnhealthyThresholdCount"),
}
_HEALTH = "target_health_state.unhealthy."
_STATES = structure(
    enableUnhealthyConnectionTermination=Field(form=SWITCH), unhealthyDrainingInterval=Field(form=NUMBER)
)


class TargetGroup(Balancing):
    noun, aws, name = "target_group", "TargetGroup", "name"
    attributes: ClassVar[Attributes] = {
        "preserveClientIp": ("preserve_client_ip.enabled", str),
        "deregistrationDelay": ("deregistration_delay.timeout_seconds", int),
        "connectionTermination": ("deregistration_delay.connection_termination.enabled", bool),
    }
    fields: ClassVar[Fields] = {
        "name": Field(form=TEXT, required=True, fixed=True),
        "port": Field(form=NUMBER, required=True, fixed=True),
        "protocol": Field(form=TEXT, required=True, fixed=True),
        "targetType": Field(form=TEXT, fixed=True),
        "vpcId": Field(form=TEXT, required=True, fixed=True),
        "healthCheck": Field(form=structure(**_CHECK), apart=True),
        **{name: Field(form={str: TEXT, int: NUMBER, bool: SWITCH}[form], apart=True)
           for name, (_, form) in attributes.items()},
        **TAGGED,
    }  # fmt: skip
    computed = ("arn", "arnSuffix")
    absent = ("TargetGroupNotFound",)

    def create(self, place: Place, inputs: Properties) -> str:
        identity = super().create(place, inputs)
        if check := inputs.get("healthCheck"):
            place.client("elbv2").modify_target_group(TargetGroupArn=identity, **outgoing(_CHECK, check))
        return identity

    def update(self, place: Place, identity: str, before: Properties, after: Properties) -> None:
        super().update(place, identity, before, after)
        check = after.get("healthCheck")
        if check and before.get("healthCheck") != check:
            place.client("elbv2").modify_target_group(TargetGroupArn=identity, **outgoing(_CHECK, check))

    def shown(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**found, "Name": found["TargetGroupName"]}

    def computed_of(self, identity: str, found: Mapping[str, Any]) -> Properties:
        return {"healthCheck": incoming(_CHECK, found), "arnSuffix": identity.rpartition(":")[2]}


class Listener(Balancing):
    noun, aws = "listener", "Listener"
    attributes: ClassVar[Attributes] = {"tcpIdleTimeoutSeconds": ("tcp.idle_timeout.seconds", int)}
    fields: ClassVar[Fields] = {
        "loadBalancerArn": Field(form=TEXT, required=True, fixed=True),
        "port": Field(form=NUMBER),
        "protocol": Field(form=TEXT),
        "tcpIdleTimeoutSeconds": Field(form=NUMBER, apart=True),
        "defaultActions": Field(
            form=structures(type=Field(form=TEXT, required=True), targetGroupArn=Field(form=TEXT)), required=True
        ),
        **TAGGED,
    }
    absent = ("ListenerNotFound",)
