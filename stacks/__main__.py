"""Declares what the chosen stack's configuration asks for: stacks/Pulumi.<stack>.yaml."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi

from etcd_ops.model.problems import Problem, suggestion
from etcd_ops.programs import etcd
from pulumi_etcd import (
    Ec2Cluster,
    Ec2ClusterArgs,
    LocalCluster,
    LocalClusterArgs,
    StatefulSetCluster,
    StatefulSetClusterArgs,
    StaticPodCluster,
    StaticPodClusterArgs,
    configuration,
)

COMPONENTS: Mapping[str, tuple[Any, type]] = {
    "LocalCluster": (LocalCluster, LocalClusterArgs),
    "StatefulSetCluster": (StatefulSetCluster, StatefulSetClusterArgs),
    "StaticPodCluster": (StaticPodCluster, StaticPodClusterArgs),
    "Ec2Cluster": (Ec2Cluster, Ec2ClusterArgs),
}
ROOT, STACK = Path(pulumi.get_root_directory()), pulumi.get_stack()
FOUND = ROOT / ".state" / STACK / "found.json"
"""What `make up-kubernetes` found on this machine: how its nodes are reached, and which images they have."""


def chosen(name: str) -> tuple[Any, type]:
    """The component that is declared, and the shape of its arguments."""
    if name not in COMPONENTS:
        remedy = suggestion(name, COMPONENTS) or f"there are {', '.join(COMPONENTS)}"
        raise pulumi.RunError(str(Problem("component", f"there is no {name}", remedy)))
    return COMPONENTS[name]


def on_nodes(args: Mapping[str, Any], shape: type) -> dict[str, Any]:
    """The arguments with what was found for what they leave open; theirs alone where they name a Kubernetes cluster."""
    if "kubeconfig" not in shape.__annotations__ or "kubeconfig" in args:
        return dict(args)
    if not FOUND.exists():
        remedy = "run `make up-kubernetes`, or name the kubeconfig, the context and the namespace's UID of your own one"
        raise pulumi.RunError(str(Problem("kubeconfig", "no Kubernetes cluster is named", remedy)))
    found = json.loads(FOUND.read_text())
    settings = {name: value for name, value in found["settings"].items() if name in shape.__annotations__}
    filled = {
        **settings,
        **args,
        "agent": {**settings["agent"], **args.get("agent", {})},
        "etcd": with_image(args.get("etcd", {}), found["etcd_images"]),
    }
    if shape is StaticPodClusterArgs:
        filled["slots"] = in_folders(args.get("slots", {}), found["manifest_directories"])
    return filled


def with_image(declared: Mapping[str, Any], images: Mapping[str, str]) -> dict[str, Any]:
    """Settings of etcd with the image of their version."""
    version = declared.get("version", etcd.DEFAULT)
    if "image" not in declared and version not in images:
        remedy = "run `make up-kubernetes`, which brings it there, or name one as etcd.image"
        raise pulumi.RunError(str(Problem("etcd.version", f"the nodes have no image of etcd {version}", remedy)))
    return {"image": images.get(version), **declared}


def in_folders(slots: Mapping[str, Any], folders: Mapping[str, str]) -> dict[str, Any]:
    """Slots of static pods with the folders in which their nodes look for them; others as they are."""
    found = {slot: folders.get(place.get("node", "")) for slot, place in slots.items()}
    return {
        slot: {"manifest_directory": found[slot], **place} if found[slot] else place for slot, place in slots.items()
    }


def below_root(artifact: Mapping[str, Any]) -> dict[str, Any]:
    """A file whose path is written from the project's root on."""
    return {**artifact, "path": str(ROOT / artifact["path"])} if "path" in artifact else dict(artifact)


config = pulumi.Config()
component, shape = chosen(config.get("component") or "LocalCluster")
args = on_nodes(configuration.arguments(config, shape, besides=("component",)), shape)
if "directory" in args:
    args["directory"] = str(ROOT / args["directory"])
for part, file in (("etcd", "program"), ("agent", "archive")):
    if file in args.get(part, {}):
        args[part] = {**args[part], file: below_root(args[part][file])}
cluster = component(STACK, args)

pulumi.export("endpoints", cluster.endpoints)
pulumi.export("members", cluster.members)
pulumi.export("caBundle", cluster.ca_bundle)
pulumi.export("clientCredential", cluster.client_credential)
pulumi.export("channel", cluster.channel)
pulumi.export("contextFile", cluster.context_file)
pulumi.export("contract", cluster.contract)
