"""An Ec2Cluster under mocks, and as a plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest
from hypothesis import strategies as st

from pulumi_etcd import Ec2Cluster, Ec2ClusterArgs
from pulumi_etcd.ec2 import cluster, plan
from pulumi_etcd.ec2.declaration import Declaration, declare
from pulumi_etcd.ec2.planned import Planned
from tests.components.recorder import Recording, record

ACCOUNT, REGION = "123456789012", "eu-central-1"
ZONES = [f"{REGION}{letter}" for letter in "abc"]
PROGRAM = {"path": "/srv/etcd", "sha256": "e" * 64}
ARCHIVE = {"path": "/srv/agent.tar.gz", "sha256": "a" * 64}
FILES = {each["path"]: each["sha256"] for each in (PROGRAM, ARCHIVE)}
ARGS: dict[str, Any] = {
    "region": REGION,
    "account": ACCOUNT,
    "zones": ZONES,
    "image": "ami-0123456789abcdef0",
    "instance_type": "m7g.large",
    "architecture": "arm64",
    "etcd": {"program": PROGRAM},
    "agent": {"archive": ARCHIVE},
    "network": {"cidr": "10.20.0.0/22"},
}
GIVEN: dict[str, Any] = {"vpc_id": "vpc-1", "subnets": {zone: f"subnet-{zone[-1]}" for zone in ZONES}}

GIVEN_TWO: dict[str, Any] = {"vpc_id": "vpc-1", "subnets": {ZONES[0]: "subnet-a", ZONES[2]: "subnet-c"}}


def digest_of(path: str) -> str:
    """Stands for reading a file."""
    if path not in FILES:
        raise FileNotFoundError(2, "No such file or directory", path)
    return FILES[path]


def arguments(**changes: Any) -> Ec2ClusterArgs:
    """The arguments with others' values; None leaves one out."""
    changed = {name: value for name, value in (ARGS | changes).items() if value is not None}
    return cast("Ec2ClusterArgs", changed)


def declaration(name: str = "orders", **changes: Any) -> Declaration:
    return declare(name, arguments(**changes), digest_of)


def recorded(name: str = "orders", *, preview: bool = False, **changes: Any) -> Recording:
    """What a program with this one cluster registers."""
    return recorded_late(lambda: changes, name, preview=preview)


def recorded_late(
    changes: Callable[[], Mapping[str, Any]], name: str = "orders", *, preview: bool = False
) -> Recording:
    """The same, with changes that are made while the program runs, as outputs are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cluster, "digest_of", digest_of)
        return record(lambda: Ec2Cluster(name, arguments(**changes())), preview=preview)


def planned(this: Declaration) -> list[Planned]:
    """Every resource of AWS of a cluster."""
    of_slots = [each for slot in this.topology.slots for each in [*plan.beside(this, slot), plan.group(this, slot)]]
    return [*plan.shared(this), *of_slots]


def of_kind(found: list[Planned], kind: str) -> dict[str, Planned]:
    """By name, for the last part of a type."""
    return {each.name: each for each in found if each.kind.rsplit(":", maxsplit=1)[-1] == kind}


labels = st.from_regex(r"[a-z]([-a-z0-9]{0,6}[a-z0-9])?", fullmatch=True)
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
others = st.fixed_dictionaries(
    {},
    optional={
        "cidrs": st.lists(st.sampled_from(["10.1.0.0/16", "10.2.0.0/16", "fd00::/8"]), unique=True),
        "security_groups": st.lists(st.sampled_from(["sg-1", "sg-2"]), unique=True),
    },
)


def _in_a_network(name: str, made: bool, zones: list[str], **changes: Any) -> Declaration:
    """A VPC that is there has subnets in the declared zones, and no others."""
    given = GIVEN | {"subnets": {zone: GIVEN["subnets"][zone] for zone in zones}}
    return declaration(name, zones=zones, network=ARGS["network"] if made else given, **changes)


clusters = st.builds(
    _in_a_network,
    labels,
    st.booleans(),
    size=st.sampled_from([1, 3, 5, 7]),
    zones=st.lists(st.sampled_from(ZONES), min_size=1, unique=True),
    environment=st.none() | labels,
    kms_key_arn=st.none() | st.just(KEY),
    clients=st.none() | others,
    metrics_clients=st.none() | others,
    load_balancer=st.none() | st.just({}),
    alarms=st.none() | st.just({"topic_arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:t"}),
    protect=st.none() | st.just({"volumes": True}),
    volume=st.none() | st.just({"size_bytes": 2**36, "iops": 6000, "throughput_mibps": 250}),
    tags=st.none() | st.just({"team": "storage"}),
)
"""Clusters that are declared well."""
