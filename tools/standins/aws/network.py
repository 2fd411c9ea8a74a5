"""A VPC and what is in it, except for its security groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from tools.standins.aws.ec2_objects import Ec2Object
from tools.standins.aws.forms import DOCUMENT, SWITCH, TEXT, TEXTS, Field, Fields, incoming
from tools.standins.aws.kind import TAGGED, Kind, changed
from tools.standins.aws.settings import Place
from tools.standins.values import Properties

_ATTRIBUTES = {"enableDnsSupport": "EnableDnsSupport", "enableDnsHostnames": "EnableDnsHostnames"}


class Vpc(Ec2Object):
    noun, path = "Vpc", "vpc"
    fields: ClassVar[Fields] = {
        "cidrBlock": Field(form=TEXT, fixed=True),
        "enableDnsSupport": Field(form=SWITCH, apart=True),
        "enableDnsHostnames": Field(form=SWITCH, apart=True),
        **TAGGED,
    }
    defaults: ClassVar[Mapping[str, Any]] = {"enableDnsSupport": True, "enableDnsHostnames": False}
    computed = ("arn", "defaultSecurityGroupId", "mainRouteTableId", "ownerId")
    absent = ("InvalidVpcID.NotFound",)

    def finish(self, place: Place, identity: str, inputs: Properties) -> None:
        self.change(place, identity, {}, inputs)

    def seen(self, place: Place, found: Mapping[str, Any], known: Properties) -> Properties:
        client, identity = place.client("ec2"), found["VpcId"]
        within = [{"Name": "vpc-id", "Values": [identity]}]
        group = client.describe_security_groups(Filters=[*within, {"Name": "group-name", "Values": ["default"]}])
        main = [*within, {"Name": "association.main", "Values": ["true"]}]
        tables = client.describe_route_tables(Filters=main)["RouteTables"]
        switches = {
            name: client.describe_vpc_attribute(VpcId=identity, Attribute=name)[aws]["Value"]
            for name, aws in _ATTRIBUTES.items()
        }
        return {
            **incoming(self.fields, found),
            **switches,
            "defaultSecurityGroupId": group["SecurityGroups"][0]["GroupId"],
            "mainRouteTableId": tables[0]["RouteTableId"],
            "ownerId": place.account,
        }

    def change(self, place: Place, identity: str, before: Properties, after: Properties) -> None:
        for name in sorted(changed(before, after) & _ATTRIBUTES.keys()):
            value = {"Value": after[name]}
            place.client("ec2").modify_vpc_attribute(VpcId=identity, **{_ATTRIBUTES[name]: value})


class Subnet(Ec2Object):
    noun, path = "Subnet", "subnet"
    fields: ClassVar[Fields] = {
        "vpcId": Field(form=TEXT, required=True, fixed=True),
        "availabilityZone": Field(form=TEXT, fixed=True),
        "cidrBlock": Field(form=TEXT, fixed=True),
        "mapPublicIpOnLaunch": Field(form=SWITCH, apart=True),
        **TAGGED,
    }
    defaults: ClassVar[Mapping[str, Any]] = {"mapPublicIpOnLaunch": False}
    computed = ("arn", "availabilityZoneId", "ownerId")
    absent = ("InvalidSubnetID.NotFound",)

    def finish(self, place: Place, identity: str, inputs: Properties) -> None:
        self.change(place, identity, self.defaults_of(inputs), inputs)

    @staticmethod
    def defaults_of(inputs: Properties) -> Properties:
        """What AWS gives a new subnet."""
        return {**inputs, "mapPublicIpOnLaunch": False}

    def seen(self, place: Place, found: Mapping[str, Any], known: Properties) -> Properties:
        return {
            **incoming(self.fields, found),
            "mapPublicIpOnLaunch": found["MapPublicIpOnLaunch"],
            "availabilityZoneId": found["AvailabilityZoneId"],
            "ownerId": found["OwnerId"],
        }

    def change(self, place: Place, identity: str, before: Properties, after: Properties) -> None:
        if "mapPublicIpOnLaunch" in changed(before, after):
            value = {"Value": after["mapPublicIpOnLaunch"]}
            place.client("ec2").modify_subnet_attribute(SubnetId=identity, MapPublicIpOnLaunch=value)


class RouteTable(Ec2Object):
    noun, path = "RouteTable", "route-table"
    fields: ClassVar[Fields] = {"vpcId": Field(form=TEXT, required=True, fixed=True), **TAGGED}
    computed = ("arn", "ownerId")
    absent = ("InvalidRouteTableID.NotFound",)

    def seen(self, place: Place, found: Mapping[str, Any], known: Properties) -> Properties:
        return {**incoming(self.fields, found), "ownerId": place.account}


class RouteTableAssociation(Kind):
    fields: ClassVar[Fields] = {
        "subnetId": Field(form=TEXT, required=True, fixed=True),
        "routeTableId": Field(form=TEXT, required=True),
    }
    computed = ()
    absent = ("InvalidAssociationID.NotFound", "InvalidRouteTableID.NotFound")

    def create(self, place: Place, inputs: Properties) -> str:
        names = {"SubnetId": inputs["subnetId"], "RouteTableId": inputs["routeTableId"]}
        identity: str = place.client("ec2").associate_route_table(**names)["AssociationId"]
        return identity

    def read(self, place: Place, identity: str, known: Properties) -> Properties | None:
        tables = place.client("ec2").describe_route_tables(
            Filters=[{"Name": "association.route-table-association-id", "Values": [identity]}]
        )["RouteTables"]
        parts = [part for table in tables for part in table["Associations"]]
        found = [part for part in parts if part["RouteTableAssociationId"] == identity]
        return incoming(self.fields, found[0]) if found else None

    def update(self, place: Place, identity: str, before: Properties, after: Properties) -> None:
        raise ValueError("a route table association is not moved by this stand-in: replace it")

    def delete(self, place: Place, identity: str, known: Properties) -> None:
        place.client("ec2").disassociate_route_table(AssociationId=identity)


_LISTS = {"routeTableIds": "RouteTableIds", "subnetIds": "SubnetIds", "securityGroupIds": "SecurityGroupIds"}


class VpcEndpoint(Ec2Object):
    noun, path, plural_delete = "VpcEndpoint", "vpc-endpoint", True
    fields: ClassVar[Fields] = {
        "vpcId": Field(form=TEXT, required=True, fixed=True),
        "serviceName": Field(form=TEXT, fixed=True),
        "serviceRegion": Field(form=TEXT, fixed=True),
        "vpcEndpointType": Field(form=TEXT, fixed=True),
        "routeTableIds": Field(form=TEXTS),
        "subnetIds": Field(form=TEXTS),
        "securityGroupIds": Field(form=TEXTS),
        "privateDnsEnabled": Field(form=SWITCH),
        "policy": Field(form=DOCUMENT, aws="PolicyDocument"),
        **TAGGED,
    }
    defaults: ClassVar[Mapping[str, Any]] = {"vpcEndpointType": "Gateway"}
    computed = ("arn", "prefixListId", "state", "ownerId")
    absent = ("InvalidVpcEndpointId.NotFound",)

    def read(self, place: Place, identity: str, known: Properties) -> Properties | None:
        found = super().read(place, identity, known)
        return None if found and found["state"] in ("deleting", "deleted") else found

    def seen(self, place: Place, found: Mapping[str, Any], known: Properties) -> Properties:
        groups = sorted(group["GroupId"] for group in found.get("Groups") or [])
        lists = {"prefixListId": "", **self._prefix_list(place, found)}
        return {
            **incoming(self.fields, {**found, "SecurityGroupIds": groups}),
            **lists,
            "state": found["State"].lower(),
        }

    def delete(self, place: Place, identity: str, known: Properties) -> None:
        if self.read(place, identity, known) is not None:  # its deletion may be under way
            super().delete(place, identity, known)

    def change(self, place: Place, identity: str, before: Properties, after: Properties) -> None:
        told = changed(before, after) - {"tags"}
        if not told:
            return
        parameters: dict[str, Any] = {}
        for name in told & _LISTS.keys():
            old, new = set(before.get(name) or ()), set(after.get(name) or ())
            parameters |= {f"Add{_LISTS[name]}": sorted(new - old), f"Remove{_LISTS[name]}": sorted(old - new)}
        if "policy" in told:
            parameters["PolicyDocument"] = after["policy"]
        if "privateDnsEnabled" in told:
            parameters["PrivateDnsEnabled"] = after["privateDnsEnabled"]
        given = {name: value for name, value in parameters.items() if value != []}
        place.client("ec2").modify_vpc_endpoint(VpcEndpointId=identity, **given)

    @staticmethod
    def _prefix_list(place: Place, found: Mapping[str, Any]) -> dict[str, str]:
        if found.get("VpcEndpointType") != "Gateway":
            return {}
        lists = place.client("ec2").describe_managed_prefix_lists(
            Filters=[{"Name": "prefix-list-name", "Values": [found["ServiceName"]]}]
        )["PrefixLists"]
        return {"prefixListId": lists[0]["PrefixListId"]} if lists else {}
