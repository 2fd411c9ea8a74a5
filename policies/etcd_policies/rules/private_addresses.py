"""Members that the internet does not reach."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import PolicyComplianceFramework, Severity

from etcd_ops.model.problems import Problem
from etcd_policies.aws.kinds import ADDRESS, ADDRESS_ASSOCIATION, INSTANCE, LAUNCH_TEMPLATE, LOAD_BALANCERS, SUBNET
from etcd_policies.aws.properties import Properties
from etcd_policies.aws.resource import Resource
from etcd_policies.resource_rule import ResourceRule
from etcd_policies.rule import Stake

_GIVEN = "associatePublicIpAddress"
_REASON = "the instance may get a public address"
_OF_IPV6 = "the instance gets a public address of IPv6"


@ResourceRule.declare(
    requires="Nothing of an etcd cluster on AWS has a public address.",
    severity=Severity.CRITICAL,
    stake=Stake.DATA,
    steps="Set `associatePublicIpAddress` to false, `internal` to true for load balancers, and drop addresses that are "
    "public or of IPv6.",
    framework=PolicyComplianceFramework(
        name="AWS Foundational Security Best Practices", version="1.0.0", reference="EC2.9, EC2.25"
    ),
    kinds=(LAUNCH_TEMPLATE, INSTANCE, ADDRESS, ADDRESS_ASSOCIATION, SUBNET, *LOAD_BALANCERS),
)
def private_addresses(resource: Resource) -> Iterator[Problem]:
    """Etcd holds the secrets of what it serves: a certificate would be all that stands between them and everybody.

    An instance of which nothing is said gets what its subnet gives, and a subnet may be changed by others. Of IPv6 AWS
    gives public addresses only: nothing but routes and security groups would stand between.
    """
    properties = resource.properties
    if resource.kind == LAUNCH_TEMPLATE:
        yield from _template(properties)
    elif resource.kind == INSTANCE:
        yield from _private(properties)
    elif resource.kind == SUBNET:
        yield from _subnet(properties)
    elif resource.kind in {ADDRESS, ADDRESS_ASSOCIATION}:
        what = "is" if resource.kind == ADDRESS else "gives"
        yield Problem("", f"it {what} a public address", "remove it")
    elif properties.flag("internal") is not True:
        yield Problem("internal", "the load balancer is reached from the internet", "set it to true")


def _template(template: Properties) -> Iterator[Problem]:
    interfaces = template.sections("networkInterfaces")
    if not interfaces:
        yield Problem("networkInterfaces", _REASON, f"declare one, with {_GIVEN} set to false")
    for interface in interfaces:
        yield from _private(interface)


def _private(given: Properties) -> Iterator[Problem]:
    # An interface that is made beforehand says itself which addresses it has.
    if given.text("networkInterfaceId"):
        return
    if given.flag(_GIVEN) is not False:
        yield Problem(given.at(_GIVEN), _REASON, "set it to false")
    asked = [key for key in ("ipv6AddressCount", "ipv6PrefixCount") if given.whole(key)]
    asked += [key for key in ("ipv6Addresses", "ipv6Prefixes") if given.texts(key)]
    yield from (Problem(given.at(key), _OF_IPV6, "leave it out") for key in asked)


def _subnet(subnet: Properties) -> Iterator[Problem]:
    for key, version in (("mapPublicIpOnLaunch", ""), ("assignIpv6AddressOnCreation", " of IPv6")):
        if subnet.flag(key):
            yield Problem(key, f"instances in it get public addresses{version}", "set it to false")
