"""Arguments in Python's names become properties in everybody's names."""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi
import pytest

from pulumi_etcd.local.arguments import LocalClusterArgs
from pulumi_etcd.rollout import RolloutArgs
from pulumi_etcd.wire import strangers, to_snake, to_wire


def test_properties_are_renamed_and_keys_of_maps_are_not() -> None:
    args: dict[str, Any] = {
        "former_owner": "urn",
        "cluster": {"members": {"a_1": {"peer_url": "u", "certificates": {"peer": "f"}}}, "allow_outage": True},
        "channel": {"kind": "s3", "endpoint_url": "e"},
    }
    assert to_wire(args, RolloutArgs) == {
        "formerOwner": "urn",
        "cluster": {"members": {"a_1": {"peerUrl": "u", "certificates": {"peer": "f"}}}, "allowOutage": True},
        "channel": {"kind": "s3", "endpointUrl": "e"},
    }


def test_settings_of_etcd_keep_their_own_names() -> None:
    args = {"etcd": {"extra_config": {"max-concurrent_streams": {"a_b": 1}}}}
    assert to_wire(args, LocalClusterArgs) == {"etcd": {"extraConfig": {"max-concurrent_streams": {"a_b": 1}}}}


def test_what_is_none_is_absent() -> None:
    assert to_wire({"directory": "d", "zones": None, "etcd": {"path": None}}, LocalClusterArgs) == {
        "directory": "d",
        "etcd": {},
    }


def test_outputs_pass_as_they_are() -> None:
    async def body() -> None:
        later = pulumi.Output.from_input("f")
        wire = to_wire({"cluster": {"trust": {"peer": {"authorities": {"1": later}}}}}, RolloutArgs)
        assert wire["cluster"]["trust"]["peer"]["authorities"]["1"] is later

    asyncio.run(body())


def test_strangers_are_named_by_path() -> None:
    args: dict[str, Any] = {"directry": "d", "etcd": {"snapshot_cuont": 1}, "trust": {"peer": {"isuer": 1}}}
    assert strangers(args, LocalClusterArgs) == ["directry", "etcd.snapshotCuont", "trust.peer.isuer"]
    with pytest.raises(pulumi.RunError, match=r"etcd\.snapshotCuont: there is no such property"):
        to_wire(args, LocalClusterArgs)


def test_names_go_back() -> None:
    assert to_snake("automaticReplacementsPerDay") == "automatic_replacements_per_day"
