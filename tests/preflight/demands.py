"""A cluster that fits, what AWS says of it, and others that differ."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from etcd_ops.preflight.demand import GIB, Demand, Volume
from etcd_ops.preflight.facts import Facts, Image, InstanceType, Standing, Subnet
from etcd_ops.preflight.quotas import QUOTAS
from etcd_ops.preflight.together import Candidate

ACCOUNT, REGION = "123456789012", "eu-central-1"
ZONES = tuple(f"{REGION}{letter}" for letter in "abc")
MEMBERS = {f"{zone[-1]}-1": zone for zone in ZONES}
DEMAND = Demand(
    cluster="orders",
    region=REGION,
    account=ACCOUNT,
    image="ami-0123456789abcdef0",
    instance_type="m7g.large",
    architecture="arm64",
    members=MEMBERS,
    volume=Volume(size_bytes=10 * GIB),
    subnets={zone: f"subnet-{zone[-1]}" for zone in ZONES},
    load_balancer=True,
)
FITTING = Facts(
    account=ACCOUNT,
    zones=dict.fromkeys(ZONES, "available"),
    instance_type=InstanceType(2, frozenset({"arm64"}), frozenset(ZONES)),
    image=Image("arm64", "available", "/dev/xvda"),
    subnets={f"subnet-{zone[-1]}": Subnet(zone, 250) for zone in ZONES},
    quotas={quota.key: Standing(100, 3) for quota in QUOTAS},
)


FITS = Candidate(DEMAND, FITTING)


def demand(**changes: Any) -> Demand:
    return DEMAND.model_copy(update=changes)


def facts(**changes: Any) -> Facts:
    return replace(FITTING, **changes)
