"""Parts of a static pod cluster, each decided and judged by itself: pure.

Those that decide raise `Invalid` with every problem, by the path of the argument.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from etcd_ops.model.problems import Invalid, Problem
from etcd_ops.model.topology import CLIENT_PORT, HIGHEST_PORT, OnNodes, Topology
from etcd_ops.model.urls import Url
from etcd_ops.zone.paths import unusable
from pulumi_etcd import body
from pulumi_etcd.kubernetes import parts
from pulumi_etcd.kubernetes.containers import Containers
from pulumi_etcd.kubernetes.naming import Names
from pulumi_etcd.static_pods.naming import node_paths, too_long
from pulumi_etcd.static_pods.pods import AWS_FILE, ChannelFile, Node, Pods
from pulumi_etcd.trusts import Wire

PRIORITY_CLASS = "system-node-critical"
DAEMON_SET, STATIC_POD = "daemon-set", "static-pod"
"""What runs agents: values of `agent.kind`."""
PORTS = 4
"""Of a member on its node, from the base port on (`OnNodes`)."""
MANIFEST = "etcd.yaml"
"""Of kubeadm's etcd (constants.Etcd and GetStaticPodFilepath in cmd/kubeadm/app/constants of Kubernetes)."""
FOLDERS: Mapping[str, str] = {
    "manifestDirectory": "/etc/kubernetes/manifests",
    "dataDirectory": "/var/lib/pulumi-etcd",
    "runDirectory": "/run/pulumi-etcd",
}
"""On the nodes, by argument."""
CHANNEL_FILES = ("credentialsFile", "kubeconfigFile")
"""Arguments that name a file on the nodes by which agents reach the channel."""


def topology(wire: Wire, named: Names) -> Topology:
    """Slots on their nodes."""
    slots = wire["slots"]
    if problems := [*_node_problems(slots), *_name_problems(slots, named)]:
        raise Invalid(problems)
    zones = {slot: each["zone"] for slot, each in slots.items()}
    addresses = {slot: each["address"] for slot, each in slots.items()}
    placed = {"slots": zones, "zones": tuple(sorted(set(zones.values())))}
    port, loopback = wire.get("basePort", CLIENT_PORT), wire.get("loopback", False)
    return body.topology(placed, (), OnNodes(addresses, port, loopback))


def nodes(wire: Wire, named: Names) -> dict[str, Node]:
    """The node of every slot."""
    url_port, found = wire.get("manifestUrlPort", 0), {}
    for slot, each in wire["slots"].items():
        manifests, data, run = (folder(argument, {**wire, **each}) for argument in FOLDERS)
        found[slot] = Node(each["node"], node_paths(named, slot, manifests, data, run, url_port))
    return found


def pods(wire: Wire, named: Names, containers: Containers) -> Pods:
    """What all pods have in common."""
    return Pods(
        named,
        containers,
        wire.get("priorityClassName", PRIORITY_CLASS),
        agents_are_static=wire["agent"].get("kind") == STATIC_POD,
        channel_file=_channel_file(wire),
        adopted_manifest=wire.get("adoptedManifest", MANIFEST) if adopts_static_pods(wire) else "",
    )


def _channel_file(wire: Wire) -> ChannelFile | None:
    """What agents reach the channel with, where it is a file on their nodes."""
    if "credentialsFile" in wire:
        return ChannelFile("aws", wire["credentialsFile"], AWS_FILE)
    if "kubeconfigFile" in wire:
        return ChannelFile("kubeconfig", wire["kubeconfigFile"])
    return None


def adopts_static_pods(wire: Wire) -> bool:
    """Whether members are taken over from static pods that somebody else's manifests describe."""
    return bool(wire.get("adopt")) and wire["agent"].get("kind") == STATIC_POD


def folder(argument: str, wire: Wire) -> str:
    """One of the folders on the nodes."""
    return str(Path(wire.get(argument, FOLDERS[argument])))


def own_problems(name: str, wire: Wire) -> Iterator[Problem]:
    """Problems with arguments that only this platform has, and that no other judgement is about."""
    yield from parts.problems(name, wire)
    yield from _agent_problems(wire)
    yield from _url_problems(wire)
    yield from _adoption_problems(wire)
    folders = {each: wire[each] for each in FOLDERS if each in wire}
    folders |= {
        f"slots.{slot}.{argument}": each[argument]
        for slot, each in wire["slots"].items()
        for argument in FOLDERS
        if argument in each
    }
    for path, value in folders.items():
        if reason := unusable(Path(value)):
            yield Problem(path, reason)


def _agent_problems(wire: Wire) -> Iterator[Problem]:
    kind, channel = wire["agent"].get("kind", DAEMON_SET), wire.get("channel", {}).get("kind", "kubernetes")
    if kind not in (DAEMON_SET, STATIC_POD):
        yield Problem("agent.kind", f"there is no kind {kind!r}", f"use {DAEMON_SET} or {STATIC_POD}")
    for each in CHANNEL_FILES:
        if each in wire and (reason := unusable(Path(wire[each]))):
            yield Problem(each, reason)
    if "credentialsFile" in wire and channel != "s3":
        yield Problem("credentialsFile", "only a channel of kind s3 needs it", "leave it out")
    elsewhere = kind == STATIC_POD and channel == "kubernetes"
    if "kubeconfigFile" in wire and not elsewhere:
        reason = f"only agents of kind {STATIC_POD} with a channel of kind kubernetes need it"
        yield Problem("kubeconfigFile", reason, "leave it out")
    if elsewhere and "kubeconfigFile" not in wire:
        reason = "missing: static pods have no account at an API server"
        yield Problem("kubeconfigFile", reason, "name the file on the nodes, or keep the channel in a bucket: kind s3")


def _url_problems(wire: Wire) -> Iterator[Problem]:
    if "manifestUrlPort" not in wire:
        return
    url_port, base = wire["manifestUrlPort"], wire.get("basePort", CLIENT_PORT)
    if not 1 <= url_port <= HIGHEST_PORT:
        yield Problem("manifestUrlPort", f"{url_port} is not between 1 and {HIGHEST_PORT}")
    if url_port in range(base, base + PORTS):
        yield Problem(
            "manifestUrlPort", f"the member itself listens on {base} to {base + PORTS - 1}", "use another one"
        )
    if wire["agent"].get("kind", DAEMON_SET) != STATIC_POD:
        reason = "an agent that a DaemonSet makes needs the API server before it could serve anything"
        yield Problem(
            "manifestUrlPort", reason, f"set agent.kind to {STATIC_POD}, or leave it out: manifests are files"
        )


def _adoption_problems(wire: Wire) -> Iterator[Problem]:
    name = wire.get("adoptedManifest", MANIFEST)
    if name != Path(name).name or name.startswith("."):
        yield Problem("adoptedManifest", f"{name!r} is not the name of a file that a kubelet reads")
    if not adopts_static_pods(wire):
        if "adoptedManifest" in wire:
            reason = "nothing is adopted from it"
            yield Problem("adoptedManifest", reason, f"declare adopt, and agent.kind {STATIC_POD}; or leave it out")
        return
    if "dataDirectory" not in wire and not all("dataDirectory" in each for each in wire["slots"].values()):
        reason = "volumes have to be in the data directory of the etcd that is adopted, whose data are moved there"
        yield Problem("dataDirectory", reason, "name that directory; kubeadm's is /var/lib/etcd")
    if "loopback" not in wire:
        reason = "API servers that kubeadm made reach etcd on loopback"
        yield Problem("loopback", reason, "state true, or false where none of them does")


def _node_problems(slots: Wire) -> Iterator[Problem]:
    if not slots:
        yield Problem("slots", "there is none", "name the nodes that members are to run on")
    for slot, each in slots.items():
        if not _is_host(each["address"]):
            reason = f"{each['address']!r} is neither a host name nor an IP address"
            yield Problem(f"slots.{slot}.address", reason, "write it without a port")
    for property_ in ("node", "address"):
        taken: dict[str, str] = {}
        for slot, each in slots.items():
            other = taken.setdefault(each[property_], slot)
            if other != slot:
                reason = f"{each[property_]} is that of {other} already"
                yield Problem(f"slots.{slot}.{property_}", reason, "give every member a node of its own")


def _name_problems(slots: Wire, named: Names) -> Iterator[Problem]:
    for slot, each in slots.items():
        if reason := too_long(named, slot, each["node"]):
            yield Problem(f"slots.{slot}", reason, "give the cluster, or the slot, a shorter name")
        if not parts.is_subdomain(each["node"]):
            yield Problem(f"slots.{slot}.node", f"{each['node']!r} is not the name of a node")


def _is_host(address: str) -> bool:
    try:
        return Url.parse(f"https://[{address}]:1" if ":" in address else f"https://{address}:1").host == address
    except ValueError:
        return False
