"""What the roles of a cluster on machines are granted: the documents that its component declares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pulumi_etcd.ec2 import bucket, iam
from pulumi_etcd.ec2.iam import Scope
from pulumi_etcd.ec2.naming import Ec2Names
from pulumi_etcd.ec2.planned import Json, replaced
from tests.machines.cloud.settings import ACCOUNT, REGION
from tests.machines.fleet import Fleet
from tests.machines.grants import Role

_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
"""Of what is encrypted, which the emulated AWS does not do."""


def of_members(fleet: Fleet, slots: Sequence[str]) -> list[Role]:
    """The role of each slot, with the bucket's policy.

    Args:
        fleet: whose they are.
        slots: the members'.
    """
    names = Ec2Names(fleet.cluster, REGION, ACCOUNT, "", fleet.zone, fleet.bucket)
    zone = f"arn:aws:route53:::hostedzone/{fleet.zone_id}"
    shared = [_plain(bucket.policy(names))]
    return [
        Role(
            arn=names.role_arn(fleet.group(slot)),
            own=_plain(iam.member(Scope(names, slot, _KEY, zone), sessions=False)),
            others=shared,
        )
        for slot in slots
    ]


def _plain(document: Json) -> dict[str, Any]:
    found: dict[str, Any] = replaced(document.value, lambda leaf: leaf)
    return found
