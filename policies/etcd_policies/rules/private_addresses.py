"""Members that the internet does not reach."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import PolicyComplianceFramework, Severity

from etcd_ops.model.problems import Problem
from etcd_policies.aws.kinds import ADDRESS, INSTANCE, LAUNCH_TEMPLATE, LOAD_BALANCERS, SUBNET
from etcd_policies.aws.properties import Properties
from etcd_policies.aws.resource import Resource
from etcd_policies.resource_rule import ResourceRule
from etcd_policies.rule import Stake

_GIVEN = "associatePublicIpAddress"
_REASON = "the instance may get a public address"


@ResourceRule.declare(
    requires="Nothing of an etcd cluster on AWS has a public address.",
    severity=Severity.CRITICAL,
    stake=Stake.DATA,
    steps="Set `associatePublicIpAddress` to false, `internal` to true for load balancers, and drop public addresses.",
    framework=PolicyComplianceFramework(
        name="AWS Foundational Security Best Practices", version="1.0.0", reference="EC2.9, EC2.25"
    ),
    kinds=(LAUNCH_TEMPLATE, INSTANCE, ADDRESS, SUBNET, *LOAD_BALANCERS),
)
def private_addresses(resource: Resource) -> Iterator[Problem]:
    """Etcd holds the secrets of what it serves: a certificate would be all that stands between them and everybody.

    An instance of which nothing is said gets what its subnet gives, and a subnet may be changed by others.
    """
    properties = resource.properties
    if resource.kind == LAUNCH_TEMPLATE:
        yield from _template(properties)
    elif resource.kind == INSTANCE:
        yield from _private(properties)
    elif resource.kind == SUBNET:
        if properties.flag("mapPublicIpOnLaunch"):
            yield Problem("mapPublicIpOnLaunch", "instances in it get public addresses", "set it to false")
    elif resource.kind == ADDRESS:
        yield Problem("", "it is a public address", "remove it")
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
    if not given.text("networkInterfaceId") and given.flag(_GIVEN) is not False:
        yield Problem(given.at(_GIVEN), _REASON, "set it to false")
