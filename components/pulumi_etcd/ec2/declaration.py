"""What an `Ec2Cluster`'s arguments mean: validated at once, with defaults, before anything is created. Pure."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from etcd_ops.model.problems import Invalid, Problem
from etcd_ops.model.spec import Binary, ClusterSpec
from etcd_ops.model.topology import CLIENT_PORT, Topology
from etcd_ops.programs import etcd as etcd_programs
from pulumi_etcd import body, declaration
from pulumi_etcd.certificates import TrustPlan
from pulumi_etcd.declaration import Collected, common, decided
from pulumi_etcd.ec2 import parts
from pulumi_etcd.ec2.arguments import Ec2ClusterArgs
from pulumi_etcd.ec2.artifacts import Artifact, DigestOf, artifact
from pulumi_etcd.ec2.load_balancer import LoadBalancer
from pulumi_etcd.ec2.machine import Fleet, template_digest
from pulumi_etcd.ec2.machines import Machines, Volumes, machine_problems, machines, volume_problems, volumes
from pulumi_etcd.ec2.naming import ARTIFACTS, Ec2Names, too_long
from pulumi_etcd.ec2.network import Network, network, network_problems
from pulumi_etcd.ec2.security_groups import Traffic
from pulumi_etcd.fitting import fit
from pulumi_etcd.trusts import Wire
from pulumi_etcd.wire import to_wire

RELEASES = "/opt/etcd-ops/releases"
"""Where machines unpack the agent's archive, in a folder that is called by its SHA-256."""
_NO_FILE: Mapping[str, Any] = {"path": "/", "sha256": "0" * 64}
_MISSING: Mapping[str, Any] = {
    "region": "eu-central-1",
    "account": "0" * 12,
    "image": "ami-00000000",
    "instance_type": "m7i.large",
    "architecture": "x86_64",
    "network": {"cidr": "10.0.0.0/22"},
}
"""Stand for arguments that are missing, which is a problem already, so that the others can be judged."""


@dataclass(frozen=True, slots=True)
class Declaration(declaration.Declaration):
    """One cluster on AWS, completely decided but for its certificates."""

    fleet: Fleet
    volumes: Volumes
    program: Artifact
    """etcd."""
    archive: Artifact
    """The agent."""
    network: Network
    traffic: Traffic
    load_balancer: LoadBalancer | None
    alarm_topic: Any
    """ARN; None for no alarms."""
    key_arn: Any
    """Of the key that is there; None where one is made."""
    sessions: bool
    boundary: str
    protect_bucket: bool
    role_arn: str
    """Empty for the credentials of whoever runs Pulumi."""
    directory: str
    """Where files for etcd-ops are written; empty for none."""

    @property
    def names(self) -> Ec2Names:
        """What the cluster's resources are called."""
        return self.fleet.names

    @property
    def machines(self) -> Machines:
        """The members' machines."""
        return self.fleet.machines

    @property
    def service(self) -> str:
        """URL of the load balancer; empty where there is none."""
        return f"https://{self.names.private_zone}:{CLIENT_PORT}" if self.load_balancer else ""

    @property
    def services(self) -> tuple[str, ...]:
        """Names under which clients may reach whichever member answers."""
        return (self.names.private_zone,) if self.load_balancer else ()

    @property
    def context_file(self) -> str:
        """Path of the file from which etcd-ops knows the cluster; empty where none is written."""
        return str(Path(self.directory, "context.json")) if self.directory else ""


def declare(name: str, args: Ec2ClusterArgs, digest_of: DigestOf) -> Declaration:
    """Decide everything that the arguments leave open, and judge the whole.

    Args:
        name: the cluster's.
        args: as the program wrote them.
        digest_of: reads a file.

    Raises:
        Invalid: with every problem, by property path.
    """
    collected, wire = _fitted(args)
    named = parts.names(name, wire)
    topology = collected.of(lambda: parts.topology(wire, named), Topology(()))
    zones = tuple(dict.fromkeys(slot.zone for slot in topology.slots))
    nowhere: Wire = {}
    inside = collected.of(lambda: parts.channel(named, wire), nowhere)
    outside = {**inside, **({"roleArn": wire["roleArn"]} if "roleArn" in wire else {})}
    fleet = Fleet(named, machines(wire), inside, wire.get("endpointUrl", ""))
    disks = volumes(wire, body.VOLUME_BYTES)
    program = _artifact(collected, wire["etcd"], "etcd.program", digest_of)
    archive = _artifact(collected, wire["agent"], "agent.archive", digest_of)
    wire["etcd"].pop("program", None)
    numbers = parts.zone_numbers(wire)
    collected.problems += [
        *parts.own_problems(named, wire, zones),
        *machine_problems(fleet.machines),
        *volume_problems(disks),
        *network_problems(wire, numbers, zones),
        *too_long(named, topology.zones, "loadBalancer" in wire),
    ]
    spec, trusts = _decided(
        collected, name, wire | {"volumeBytes": disks.size_bytes}, topology, (program, archive), named
    )
    where = network(named, wire, numbers)
    return Declaration(
        **common(name, wire, topology, _with_templates(spec, topology, fleet), trusts, outside),
        fleet=fleet,
        volumes=disks,
        program=program,
        archive=archive,
        network=where,
        traffic=parts.traffic(wire),
        load_balancer=parts.load_balancer(wire, where),
        alarm_topic=wire.get("alarms", {}).get("topicArn"),
        key_arn=wire.get("kmsKeyArn"),
        sessions=wire.get("sessionManager", True),
        boundary=wire.get("permissionsBoundary", ""),
        protect_bucket=wire.get("protect", {}).get("bucket", False),
        role_arn=wire.get("roleArn", ""),
        directory=wire.get("directory", ""),
    )


def _fitted(args: Mapping[str, Any]) -> tuple[Collected, dict[str, Any]]:
    found = fit(args, Ec2ClusterArgs)
    wire = to_wire({**_MISSING, **found.arguments}, Ec2ClusterArgs)
    wire["etcd"] = {"version": etcd_programs.DEFAULT, **wire.get("etcd", {})}
    wire["agent"] = wire.get("agent", {})
    wire.setdefault("deadlineSeconds", parts.DEADLINE)
    return Collected(found.problems), wire


def _artifact(collected: Collected, place: Wire, path: str, digest_of: DigestOf) -> Artifact:
    """The file that is declared; where none is, which is a problem already, one that stands for it."""
    nothing, declared = Artifact(**_NO_FILE), place.get(path.rsplit(".", maxsplit=1)[-1])
    if declared is None or not {"path", "sha256"} <= declared.keys():
        return nothing
    return collected.of(partial(artifact, declared, path, digest_of), nothing)


def _decided(
    collected: Collected, name: str, wire: Wire, topology: Topology, files: tuple[Artifact, Artifact], named: Ec2Names
) -> tuple[ClusterSpec, Mapping[str, TrustPlan]]:
    """The document's body and the trusts; problems are told by the arguments of this platform."""
    program, archive = files
    binary = Binary(source=f"s3://{named.bucket}/{ARTIFACTS}{program.sha256}", sha256=program.sha256)
    agent = {
        "version": wire["agent"].get("version") or importlib.metadata.version("etcd-ops"),
        "command": [f"{RELEASES}/{archive.sha256}/bin/etcd-ops"],
        "archive": archive.sha256,
    }
    try:
        return decided(collected, name, wire, topology, binary, agent)
    except Invalid as invalid:
        raise Invalid(dict.fromkeys(map(_as_argument, invalid.problems))) from invalid


def _as_argument(problem: Problem) -> Problem:
    return replace(problem, path="volume.sizeBytes") if problem.path == "volumeBytes" else problem


def _with_templates(spec: ClusterSpec, topology: Topology, fleet: Fleet) -> ClusterSpec:
    """The document's body that says which kind of machine every member is to run on."""
    members = {
        slot.name: spec.members[slot.name].model_copy(update={"template": template_digest(fleet, slot)})
        for slot in topology.slots
    }
    return spec.model_copy(update={"members": members})
