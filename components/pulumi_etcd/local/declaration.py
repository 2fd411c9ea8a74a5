"""What a `LocalCluster`'s arguments mean: validated at once, with defaults, before anything is created. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etcd_ops.model.spec import Binary
from etcd_ops.model.topology import Topology
from etcd_ops.model.validation import UNKNOWN_FINGERPRINT
from etcd_ops.programs import etcd as etcd_programs
from pulumi_etcd import declaration
from pulumi_etcd.declaration import Collected, common, decided
from pulumi_etcd.fitting import fit
from pulumi_etcd.local import parts
from pulumi_etcd.local.arguments import LocalClusterArgs
from pulumi_etcd.wire import to_wire

FindBinary = Callable[[str, str | None], Binary]
"""From a version and the path that a user may name to a program; raises Invalid."""


@dataclass(frozen=True, slots=True)
class Declaration(declaration.Declaration):
    """One local cluster, completely decided but for its certificates."""

    directory: Path
    keep_volumes: bool


def declare(name: str, args: LocalClusterArgs, find_binary: FindBinary) -> Declaration:
    """Decide everything that the arguments leave open, and judge the whole.

    Args:
        name: the cluster's.
        args: as the program wrote them.
        find_binary: looks for etcd's program.

    Raises:
        Invalid: with every problem, by property path.
    """
    fitted = fit(args, LocalClusterArgs)
    collected = Collected(fitted.problems)
    wire = to_wire({"directory": "/", **fitted.arguments}, LocalClusterArgs)
    wire["etcd"] = {"version": etcd_programs.DEFAULT, **wire.get("etcd", {})}
    version, path = wire["etcd"]["version"], wire["etcd"].pop("path", None)
    topology = collected.of(lambda: parts.topology(wire), Topology(()))
    binary = collected.of(lambda: find_binary(version, path), Binary(source="/", sha256=UNKNOWN_FINGERPRINT))
    nowhere: Mapping[str, Any] = {}
    channel = collected.of(lambda: parts.channel(wire), nowhere)
    collected.problems += parts.own_problems(wire)
    agent = wire.get("agent") or parts.installed_agent()
    spec, trusts = decided(collected, name, wire, topology, binary, agent)
    return Declaration(
        **common(name, wire, topology, spec, trusts, channel),
        directory=Path(wire["directory"]),
        keep_volumes=wire.get("keepVolumes", False),
    )


def contract(this: Declaration) -> dict[str, Any]:
    """What policies and reviewers read: everything that matters, nothing secret, all of it known in a preview."""
    return declaration.contract(this, "local") | {"keepVolumes": this.keep_volumes}
