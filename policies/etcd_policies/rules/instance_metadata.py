"""Metadata of instances that only their own programs read."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity
from pydantic import Field

from etcd_ops.model.problems import Problem
from etcd_policies.aws.benchmark import benchmark
from etcd_policies.aws.kinds import INSTANCE, LAUNCH_TEMPLATE
from etcd_policies.aws.resource import Resource
from etcd_policies.parameters import Parameters
from etcd_policies.resource_rule import ResourceRule
from etcd_policies.rule import Stake


class Hops(Parameters):
    """How far answers of the metadata service may travel."""

    maximum_hops: int = Field(default=1, ge=1, le=64, description="most network hops of an answer; containers need 2")


@ResourceRule.declare(
    requires="Instances of an etcd cluster on AWS give their credentials only to sessions of IMDSv2.",
    severity=Severity.CRITICAL,
    stake=Stake.DATA,
    steps="Set `metadataOptions.httpTokens` to `required`, and `httpPutResponseHopLimit` to 1.",
    framework=benchmark("5.6"),
    kinds=(LAUNCH_TEMPLATE, INSTANCE),
)
def instance_metadata(resource: Resource, given: Hops) -> Iterator[Problem]:
    """Whoever makes a program on the instance fetch a URL would get the member's role, and with it keys and volumes.

    Where nothing is said, the image or the account decides. A hop limit above one lets answers leave the instance.
    """
    options = resource.properties.section("metadataOptions")
    if options.text("httpEndpoint") == "disabled":
        yield Problem(options.at("httpEndpoint"), "members could not get credentials", "set it to enabled")
    if options.text("httpTokens") != "required":
        yield Problem(options.at("httpTokens"), "requests without a session are answered", "set it to required")
    hops = options.whole("httpPutResponseHopLimit")
    if hops is None or hops > given.maximum_hops:
        reason = f"answers may travel further than {given.maximum_hops} hops"
        yield Problem(options.at("httpPutResponseHopLimit"), reason, f"set it to {given.maximum_hops}")
