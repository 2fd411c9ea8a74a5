"""What the arguments of a cluster on Kubernetes mean, on every platform there. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etcd_ops.model.topology import Slot
from etcd_ops.programs import etcd as etcd_programs
from pulumi_etcd import body, declaration
from pulumi_etcd.declaration import Collected
from pulumi_etcd.fitting import fit
from pulumi_etcd.kubernetes.containers import Containers
from pulumi_etcd.kubernetes.naming import Names
from pulumi_etcd.trusts import Wire
from pulumi_etcd.wire import to_wire

_MISSING: Mapping[str, Any] = {
    "namespace": "n",
    "namespace_uid": "00000000-0000-0000-0000-000000000000",
    "kubeconfig": "/",
    "context": "c",
}
"""Stand for arguments that are missing, which is a problem already, so that the others can be judged."""


@dataclass(frozen=True, slots=True)
class Declaration(declaration.Declaration):
    """One cluster on Kubernetes, completely decided but for its certificates."""

    namespace_uid: str
    kubeconfig: str
    context: str
    agents_channel: Mapping[str, Any]
    """Connection value, as agents use it."""
    volume_bytes: int
    directory: str
    """Where files for etcd-ops are written; empty for none."""

    @property
    def context_file(self) -> str:
        """Path of the file from which etcd-ops knows the cluster; empty where none is written."""
        return str(Path(self.directory, "context.json")) if self.directory else ""

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The members."""
        return self.topology.slots


def common(wire: Wire, agents_channel: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that `Declaration` has beside those of every platform, with every default."""
    return {
        "namespace_uid": wire["namespaceUid"],
        "kubeconfig": wire["kubeconfig"],
        "context": wire["context"],
        "agents_channel": agents_channel,
        "volume_bytes": wire.get("volumeBytes", body.VOLUME_BYTES),
        "directory": wire.get("directory", ""),
    }


def contract(this: Declaration, names: Names) -> dict[str, Any]:
    """What policies and reviewers read of a cluster on Kubernetes."""
    return {
        "keepVolumes": False,
        "namespace": names.namespace,
        "namespaceUid": this.namespace_uid,
        "clusterDomain": names.domain,
    }


def fitted(args: Mapping[str, Any], shape: type, missing: Mapping[str, Any]) -> tuple[Collected, dict[str, Any]]:
    """The arguments in camelCase as far as they fit, and the problems with the others.

    Args:
        args: as the program wrote them.
        shape: their TypedDict.
        missing: stand for those that only this platform requires.
    """
    found = fit(args, shape)
    wire = to_wire({**_MISSING, **missing, **found.arguments}, shape)
    wire["etcd"] = {"version": etcd_programs.DEFAULT, **wire.get("etcd", {})}
    wire["agent"] = wire.get("agent", {})
    return Collected(found.problems), wire


def contained(these: Containers) -> dict[str, Any]:
    """What policies and reviewers read of a cluster's containers."""
    return {
        "images": {"etcd": these.etcd.reference, "agent": these.agent.reference},
        "resources": {"etcd": these.etcd_resources.manifest(), "agent": these.agent_resources.manifest()},
    }
