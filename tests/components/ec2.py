"""An Ec2Cluster under mocks, and as a plan."""

from __future__ import annotations

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
GIVEN = {"vpc_id": "vpc-1", "subnets": {zone: f"subnet-{zone[-1]}" for zone in ZONES}}


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
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cluster, "digest_of", digest_of)
        return record(lambda: Ec2Cluster(name, arguments(**changes)), preview=preview)


def planned(this: Declaration) -> list[Planned]:
    """Every resource of AWS of a cluster."""
    of_slots = [each for slot in this.topology.slots for each in [*plan.beside(this, slot), plan.group(this, slot)]]
    return [*plan.shared(this), *of_slots]


def of_kind(found: list[Planned], kind: str) -> dict[str, Planned]:
    """By name, for the last part of a type."""
    return {each.name: each for each in found if each.kind.rsplit(":", maxsplit=1)[-1] == kind}


labels = st.from_regex(r"[a-z]([-a-z0-9]{0,6}[a-z0-9])?", fullmatch=True)
