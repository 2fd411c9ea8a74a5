"""Network load balancers and their listeners."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from tools.standins.aws.balancing import Attributes, Balancing
from tools.standins.aws.forms import NUMBER, SWITCH, TEXT, TEXTS, Field, Fields, outgoing, structures, tag_list
from tools.standins.aws.kind import TAGGED
from tools.standins.aws.settings import Place
from tools.standins.values import Properties


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
