"""What is put into members' pods by ConfigMaps and Secrets: pure, with credentials as values that flow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from etcd_ops.model.topology import Slot
from etcd_ops.pod import places
from etcd_ops.zone.configuration import etcd_program
from pulumi_etcd.kubernetes.containers import PATHS
from pulumi_etcd.kubernetes.manifests import Manifest, manifest
from pulumi_etcd.kubernetes.naming import Names


def agent_config(names: Names, slot: str, files: Mapping[str, str]) -> Manifest:
    """The ConfigMap of what a slot's agent is told at its start.

    Args:
        names: of the cluster.
        slot: the member.
        files: by name, as of `config_files`.
    """
    return {**manifest("v1", "ConfigMap", names, names.member(slot), slot=slot), "data": dict(files)}


def config_files(
    names: Names,
    slot: Slot,
    channel: Mapping[str, Any],
    agent: Mapping[str, Any],
    own: Mapping[str, Any],
    files: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """What a slot's agent is told at its start, by file name.

    Args:
        names: of the cluster.
        slot: the member.
        channel: connection value, as agents use it.
        agent: the agent, as the desired document describes it.
        own: what is told of the platform's pods.
        files: further files, by name.
    """
    config = {
        "cluster": names.cluster,
        "slot": slot.name,
        "zone": slot.zone,
        "volume": PATHS["data"],
        "channel": dict(channel),
        "runtime": {"kind": "supervisor", "socket": str(places.SOCKET), "program": etcd_program(slot.name)},
        "delivery": {"credentials": PATHS["credentials"], "authorities": PATHS["authorities"]},
        "agent": dict(agent),
        **own,
    }
    return {places.CONFIG.name: text(config), **(files or {})}


def text(content: Mapping[str, Any]) -> str:
    """A file's content."""
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def credentials(names: Names, slot: str, data: Mapping[str, Any]) -> Manifest:
    """A slot's leaf certificates and keys, the only Secret that its pod has.

    Args:
        names: of the cluster.
        slot: the member.
        data: by file name, in Base64: server-side apply keeps no account of `stringData`.
    """
    found = manifest("v1", "Secret", names, names.credentials(slot), slot=slot)
    return {**found, "type": "Opaque", "data": dict(data)}


def authorities(names: Names, data: Mapping[str, Any]) -> Manifest:
    """The certificates that members may be told to believe, by `<trust>-<generation>.crt`: public."""
    return {**manifest("v1", "ConfigMap", names, names.authorities), "data": dict(data)}
