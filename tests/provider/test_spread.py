"""Zones of a StaticPodCluster: none gets a quorum; one that had a quorum keeps it, and is warned of."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.channel.port import DESIRED
from tests.provider.rollouts import World, changed, world
from tests.rollout.samples import spec

STATIC_PODS = "etcd:index:StaticPodCluster"
WARNED = "m0, m1 are a quorum of 3 in zone z0, without which the cluster stops; add slots on nodes in other zones"


def in_zones(this: World, zones: str, **etcd: Any) -> dict[str, Any]:
    """A declaration of as many members, in zones that each have a digit."""
    found = {**this.inputs(**etcd), "cluster": spec(len(zones)).to_wire()}
    found["cluster"]["etcd"] |= etcd
    for slot, zone in enumerate(zones):
        found = changed(found, f"cluster.members.m{slot}.zone", f"z{zone}")
    return found


async def existing(this: World, zones: str) -> dict[str, Any]:
    """A cluster as an earlier release declared it, which judged no zones; its inputs."""
    found, failures = await this.client.check(in_zones(this, zones))
    assert failures == []
    this.client.parent = STATIC_PODS
    await this.client.create(found)
    return found


@pytest.mark.parametrize(
    ("declared", "zones", "refused", "warned"),
    [
        (None, "012", False, False),
        (None, "001", True, False),
        (None, "0", False, False),
        ("001", "001", False, True),
        ("00102", "001", False, True),
        ("00112", "001", True, False),
        ("012", "01200", True, False),
        ("0", "001", True, False),
    ],
)
def test_a_zone_that_gets_a_quorum_is_refused_and_one_that_has_it_is_told(
    tmp_path: Path, declared: str | None, zones: str, refused: bool, warned: bool
) -> None:
    async def body() -> None:
        async with world(tmp_path) as this:
            old = await existing(this, declared) if declared else {}
            this.client.parent, since = STATIC_PODS, len(this.client.lines)
            _, failures = await this.client.check(in_zones(this, zones), old)
            assert [each.startswith("cluster.members: ") for each in failures] == [True] * refused
            lines = [line for line in this.client.lines[since:] if "are a quorum of" in line]
            assert len(lines) == warned

    asyncio.run(body())


def test_an_existing_cluster_in_one_zone_changes_other_things(tmp_path: Path) -> None:
    """Such as its certificates, by which it lives."""

    async def body() -> None:
        async with world(tmp_path) as this:
            old = await existing(this, "001")
            renewed = changed(old, "cluster.members.m0.certificates.peer", "ab" * 32)
            _, failures = await this.client.check(renewed, old)
            assert failures == []
            assert this.client.lines[-1].startswith(WARNED)

    asyncio.run(body())


@pytest.mark.parametrize("forgetful", ["channel", "engine", ""])
def test_either_account_of_what_is_declared_is_enough(tmp_path: Path, forgetful: str) -> None:
    async def body() -> None:
        async with world(tmp_path) as this:
            old = await existing(this, "001")
            if forgetful == "channel":
                await this.channel.delete(DESIRED)
            _, failures = await this.client.check(old, {} if forgetful == "engine" else old)
            assert failures == []
            assert this.client.lines[-1].startswith(WARNED)

    asyncio.run(body())


def test_what_is_declared_and_cannot_be_read_is_not_refused(tmp_path: Path) -> None:
    """As of another release, while the channel is away."""

    async def body() -> None:
        async with world(tmp_path / "channel") as this:
            this.client.parent = STATIC_PODS
            now, _ = await this.client.check(in_zones(this, "001"))
            _, failures = await this.client.check(now, changed(now, "cluster.later", True))
            assert failures == []
            assert any(line.startswith(WARNED) for line in this.client.lines)

    asyncio.run(body())


@pytest.mark.parametrize("parent", ["", "etcd:index:LocalCluster"])
def test_other_platforms_zones_are_for_policies_to_judge(tmp_path: Path, parent: str) -> None:
    async def body() -> None:
        async with world(tmp_path) as this:
            this.client.parent = parent
            _, failures = await this.client.check(in_zones(this, "001"))
            assert (failures, this.client.lines) == ([], [])

    asyncio.run(body())
