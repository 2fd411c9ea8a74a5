"""The custom resource `etcd:index:StaticPodInstallation`, as components declare it, and the pod that it makes."""

import base64
from collections.abc import Mapping
from typing import Any, TypedDict

import pulumi

from etcd_ops.pod import places
from pulumi_etcd.kubernetes.manifests import Manifest
from pulumi_etcd.static_pods.naming import volume_beside
from pulumi_etcd.static_pods.pods import host_path
from pulumi_etcd.static_pods.short_lived import short_lived_pod
from pulumi_etcd.wire import to_wire

SOURCE, DELIVERED = "/source", "/delivered"
CONTENT_ANNOTATION = "pulumi-etcd.dev/content"
"""On the pod: digest of what it installs."""


class StaticPodInstallationArgs(TypedDict):
    """Arguments of a `StaticPodInstallation`."""

    cluster: str
    """The cluster's name. It cannot be changed."""
    slot: str
    """The member's slot. It cannot be changed."""
    name: str
    """Name of the agent's static pod. It cannot be changed."""
    node: str
    """The node's label `kubernetes.io/hostname`. It cannot be changed."""
    namespace: str
    """The namespace of the pod that installs. It cannot be changed."""
    namespace_uid: str
    """The namespace's UID. It cannot be changed."""
    kubeconfig: str
    """Absolute path of the kubeconfig that leads to the Kubernetes cluster."""
    context: str
    """Of the kubeconfig."""
    manifests: str
    """The folder in which the node's kubelet looks for static pods. It cannot be changed."""
    file: str
    """Name of the agent's manifest there. It cannot be changed."""
    delivered: str
    """The folder on the node in which the agent finds what it is told. It cannot be changed."""
    image: str
    """The agent's, by which it is installed."""
    tree: str
    """Absolute path of a folder on the machine that runs Pulumi, in which the node's files are put where no API server
    answers; empty where there is none."""
    files: Mapping[str, Mapping[str, pulumi.Input[str]]]
    """What the agent is told: by folder and file name, its text."""


class StaticPodInstallation(pulumi.CustomResource):
    """An agent on its node, put there, and told what is new, by a short-lived pod."""

    def __init__(self, name: str, args: StaticPodInstallationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare an installation.

        Args:
            name: the resource's name.
            args: what is installed, and where.
            opts: the resource's options; it should depend on the member's `StaticPodMember`.
        """
        super().__init__("etcd:index:StaticPodInstallation", name, to_wire(args, StaticPodInstallationArgs), opts)


def secret_name(installation: Mapping[str, Any]) -> str:
    """The Secret that the pod takes everything from.

    Args:
        installation: properties of a `StaticPodInstallation`, in camelCase.
    """
    return installation_name(installation["name"])


def installation_name(agent: str) -> str:
    """Name of the pod that installs an agent, and of its Secret.

    Args:
        agent: name of the agent's static pod.
    """
    return f"{agent}-installation"


def installation_secret(installation: Mapping[str, Any]) -> Manifest:
    """Everything that is installed, for as long as that takes.

    Args:
        installation: properties of a `StaticPodInstallation`, in camelCase.
    """
    data = {
        key(folder, file): base64.b64encode(text.encode()).decode()
        for folder, files in installation["files"].items()
        for file, text in files.items()
    }
    metadata = {"name": secret_name(installation), "namespace": installation["namespace"]}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "immutable": True, "data": data}


def installation_pod(installation: Mapping[str, Any], content: str, *, anew: bool) -> Manifest:
    """It puts what is in the Secret into the agent's folder, and the agent's manifest where the kubelet looks.

    Args:
        installation: properties of a `StaticPodInstallation`, in camelCase.
        content: digest of the Secret's content.
        anew: whether a manifest that is there already is exchanged, and what the member's volume has of it forgotten.
    """
    name, words = secret_name(installation), ["--anew"] if anew else []
    manifest = f"{places.MANIFESTS}/{installation['file']}"
    items = [
        {"key": key(folder, file), "path": f"{folder}/{file}"}
        for folder, files in sorted(installation["files"].items())
        for file in sorted(files)
    ]
    mounts: list[Manifest] = [
        {"name": "source", "mountPath": SOURCE, "readOnly": True},
        {"name": "delivered", "mountPath": DELIVERED},
        {"name": "manifests", "mountPath": str(places.MANIFESTS)},
    ]
    volumes: list[Manifest] = [
        {"name": "source", "secret": {"secretName": name, "items": items, "defaultMode": 0o400}},
        host_path("delivered", installation["delivered"]),
        host_path("manifests", installation["manifests"]),
    ]
    if anew:
        mounts.append({"name": "volume", "mountPath": str(places.VOLUME)})
        volumes.append(host_path("volume", volume_beside(installation["delivered"])))
    program = ["etcd_ops.static_pod.install", SOURCE, DELIVERED, manifest, *words]
    found = short_lived_pod(name, "install", installation, program, mounts, volumes)
    return found | {"metadata": {**found["metadata"], "annotations": {CONTENT_ANNOTATION: content}}}


def node_files(installation: Mapping[str, Any]) -> dict[str, Mapping[str, str]]:
    """What is installed, by folder on the node, and its text by file name.

    Args:
        installation: properties of a `StaticPodInstallation`, in camelCase.
    """
    return {f"{installation['delivered']}/{folder}": files for folder, files in installation["files"].items()}


def key(folder: str, file: str) -> str:
    """Under which a file is in the Secret, whose keys have no slashes."""
    return f"{folder}_{file}"
