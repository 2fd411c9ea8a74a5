"""The repository's stack `aws-prod`, brought up as its configuration says, in the VPC that it names: emulated AWS."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from etcd_ops.preflight import given
from tests.review.prod_previews import GIB, STACK, ZONES, Made, on_emulated_aws
from tests.standins.running import agents
from tools.engine import Engine

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900), pytest.mark.xdist_group("own-stacks")]


@pytest.fixture(scope="module")
def production(engine: Engine) -> Iterator[Made]:
    """Up, and served by stand-in agents."""
    with on_emulated_aws(engine, STACK) as made, agents(made.channel, environment=made.stack.environment):
        made.stack.up({})
        yield made


def test_five_members_are_in_the_subnets_that_were_given(production: Made) -> None:
    subnets = production.stack.base["network"]["subnets"]
    groups = production.server.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert Counter(each["VPCZoneIdentifier"] for each in groups) == {
        subnets[zone]: count for zone, count in zip(ZONES, (2, 2, 1), strict=True)
    }
    assert {each["State"]["Name"] for each in instances(production)} == {"running"}
    for kind in ("vpcs", "subnets"):
        assert tagged(production, kind) == []


def test_machines_and_volumes_are_those_that_are_declared(production: Made) -> None:
    declared = production.stack.base
    found = instances(production)
    assert {(each["ImageId"], each["InstanceType"]) for each in found} == {
        (declared["image"], declared["instanceType"])
    }
    assert [each for each in found if "PublicIpAddress" in each] == []
    volumes = data_volumes(production)
    wanted = declared["volume"]
    assert {(each["Encrypted"], each["Size"] * GIB, each["Iops"], each["Throughput"]) for each in volumes} == {
        (True, wanted["sizeBytes"], wanted["iops"], wanted["throughputMibps"])
    }
    assert Counter(each["AvailabilityZone"] for each in volumes) == dict(zip(ZONES, (2, 2, 1), strict=True))


def test_its_outputs_tell_a_preflight_what_it_is(production: Made) -> None:
    (demand,) = given.read(production.stack.pulumi("stack", "output", "--json", "--stack", STACK))
    assert Counter(demand.members.values()) == dict(zip(ZONES, (2, 2, 1), strict=True))
    assert (demand.image, demand.instance_type) == (
        production.stack.base["image"],
        production.stack.base["instanceType"],
    )


def test_what_is_up_stays_as_it_is(production: Made) -> None:
    production.stack.pulumi("up", "--refresh", "--yes", "--skip-preview", "--expect-no-changes", "--stack", STACK)


def test_a_destroy_takes_nothing_of_what_is_protected_or_of_anything_else(production: Made) -> None:
    before = states(production)
    assert "protect" in production.stack.pulumi("destroy", "--yes", "--skip-preview", "--stack", STACK, fails=True)
    assert states(production) == before != {}
    assert production.server.client("s3").get_bucket_versioning(Bucket=production.channel["bucket"])


def instances(production: Made) -> list[dict[str, Any]]:
    """Of the cluster, as EC2 describes them."""
    return [machine for found in tagged(production, "instances") for machine in found["Instances"]]


def states(production: Made) -> dict[str, str]:
    """Of every instance and every volume, by its ID."""
    running = {each["InstanceId"]: each["State"]["Name"] for each in instances(production)}
    return running | {each["VolumeId"]: each["State"] for each in data_volumes(production)}


def data_volumes(production: Made) -> list[dict[str, Any]]:
    """With etcd's data."""
    return [each for each in tagged(production, "volumes") if {"Key": "etcd-volume", "Value": "data"} in each["Tags"]]


def tagged(production: Made, kind: str) -> list[dict[str, Any]]:
    """The objects of EC2 of a kind that carry the cluster's tag."""
    call = getattr(production.server.client("ec2"), f"describe_{kind}")
    found = call(Filters=[{"Name": "tag:etcd-cluster", "Values": [STACK]}])
    return next(value for value in found.values() if isinstance(value, list))
