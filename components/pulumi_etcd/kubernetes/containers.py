"""The containers that members consist of, on whatever makes their pods: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from etcd_ops.pod import places
from etcd_ops.pod.template import template_digest
from pulumi_etcd.kubernetes.images import Image
from pulumi_etcd.kubernetes.manifests import Manifest

GRACE_SECONDS = 60
"""For etcd to hand its leadership over and end."""
TOKEN_SECONDS = 3600

PATHS: Mapping[str, str] = {
    "data": str(places.VOLUME),
    "run": str(places.RUN),
    "tmp": "/tmp",  # noqa: S108 (a volume of the pod's own)
    "programs": str(places.PROGRAMS),
    "config": str(places.CONFIG.parent),
    "credentials": "/etc/etcd-ops/credentials",
    "authorities": "/etc/etcd-ops/authorities",
    "token": str(places.TOKEN),
    "aws": "/etc/etcd-ops/aws-credentials",
    "kubeconfig": "/etc/etcd-ops/kubeconfig",
}
"""Where a container sees each of its pod's volumes."""
CONTAINED: Mapping[str, Any] = {
    "readOnlyRootFilesystem": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
}
"""The security context of every container."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What one container asks for."""

    cpu: str
    memory: str
    memory_limit: str

    def manifest(self) -> Manifest:
        """As a container says it; there is no limit of processor time."""
        return {"requests": {"cpu": self.cpu, "memory": self.memory}, "limits": {"memory": self.memory_limit}}


@dataclass(frozen=True, slots=True)
class Containers:
    """Images and resources that the members of one cluster have in common."""

    etcd: Image
    agent: Image
    etcd_resources: Resources
    agent_resources: Resources

    @property
    def program(self) -> str:
        """Where etcd's program is put, for the agent to keep it on the volume."""
        return str(places.PROGRAMS / self.etcd.digest / "etcd")

    def provider(self, *read: str) -> Manifest:
        """Prepares the volume, and hands the program over with which the next container copies etcd's.

        Args:
            read: further volumes that it reads.
        """
        command = ["python3", "-m", "etcd_ops.pod.provide"]
        mounted = [
            *mounts("data", "programs", "tmp", "config", "credentials", "authorities"),
            *mounts(*read, read_only=True),
        ]
        return ours("provide", self.agent, command, self.agent_resources, mounted)

    def etcd_program(self) -> Manifest:
        """The image of etcd has no shell: the program that copies comes from the agent's image."""
        command = [str(places.PROGRAMS / places.INSTALLER.name), "/usr/local/bin/etcd", self.program]
        return container("etcd-program", self.etcd, command, self.agent_resources, mounts("programs"))

    def member(self, mounted: list[Manifest], ports: list[Manifest], probe: Sequence[str] = ()) -> Manifest:
        """Runs etcd below a supervisor.

        Args:
            mounted: its mounts.
            ports: those that it listens on.
            probe: further words for the program that probes.
        """
        found = ours("etcd", self.agent, ["python3", "-m", "etcd_ops.pod.member"], self.etcd_resources, mounted)
        found["ports"] = ports
        found["readinessProbe"] = _probe("ready", *probe, period=5, timeout=5, failures=2)
        # It fails only where a listening etcd does not answer, or says that it is not alive: a lost quorum or a full
        # database must not restart it in a loop.
        found["livenessProbe"] = _probe("live", *probe, period=20, timeout=10, failures=6)
        return found

    def keeper(self, mounted: list[Manifest], ports: list[Manifest]) -> Manifest:
        """Runs the agent."""
        command = ["python3", "-m", "etcd_ops.pod.keep"]
        found = ours(places.AGENT_CONTAINER, self.agent, command, self.agent_resources, mounted)
        found["ports"] = ports
        return found


def ours(name: str, image: Image, command: list[str], resources: Resources, mounted: list[Manifest]) -> Manifest:
    """A container of the agent's image. Its root is read-only, so Python keeps nothing and is at home elsewhere."""
    found = container(name, image, command, resources, mounted)
    found["env"] = [{"name": "HOME", "value": PATHS["tmp"]}, {"name": "PYTHONDONTWRITEBYTECODE", "value": "1"}]
    return found


def container(name: str, image: Image, command: list[str], resources: Resources, mounted: list[Manifest]) -> Manifest:
    """A container of any image."""
    return {
        "name": name,
        "image": image.reference,
        "imagePullPolicy": "IfNotPresent",
        "command": command,
        "resources": resources.manifest(),
        "securityContext": {**CONTAINED},
        "volumeMounts": mounted,
    }


def mounts(*volumes: str, read_only: bool = False) -> list[Manifest]:
    """A container's mounts of some of its pod's volumes."""
    marked = {"readOnly": True} if read_only else {}
    return [{"name": each, "mountPath": PATHS[each], **marked} for each in volumes]


def port(name: str, number: int) -> Manifest:
    """A port that a container listens on."""
    return {"name": name, "containerPort": number, "protocol": "TCP"}


def token_sources() -> list[Manifest]:
    """What a container is given by default, for those that speak to the API."""
    namespace = {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
    return [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": TOKEN_SECONDS}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [namespace]}},
    ]


def annotation(variable: str, name: str) -> Manifest:
    """A variable with what an annotation of the pod says when the container is started."""
    field = {"apiVersion": "v1", "fieldPath": f"metadata.annotations['{name}']"}
    return {"name": variable, "valueFrom": {"fieldRef": field}}


TAKEN_BACK = annotation(places.TAKEN_BACK, places.TAKEN_BACK_ANNOTATION)
"""By which an agent knows that its image was taken back."""


def named_by_digest(template: Manifest) -> Manifest:
    """A template whose pods, and the agent in them, know its digest."""
    found = template_digest(template)
    return told(template, {places.TEMPLATE_ANNOTATION: found}, {"name": places.TEMPLATE, "value": found})


def told(template: Manifest, annotations: Mapping[str, str], *variables: Manifest) -> Manifest:
    """A template with further annotations, and with further variables of the agent.

    Args:
        template: of a pod with an agent.
        annotations: of the pods.
        variables: of the environment of the agent's container.
    """
    metadata = template["metadata"] | {"annotations": {**template["metadata"].get("annotations", {}), **annotations}}
    containers = [
        each | {"env": [*each["env"], *variables]} if each["name"] == places.AGENT_CONTAINER else each
        for each in template["spec"]["containers"]
    ]
    return template | {"metadata": metadata, "spec": template["spec"] | {"containers": containers}}


def _probe(what: str, *more: str, period: int, timeout: int, failures: int) -> Manifest:
    command = ["python3", "-m", "etcd_ops.pod.probe", what, *more]
    times = {"periodSeconds": period, "timeoutSeconds": timeout, "failureThreshold": failures}
    return {"exec": {"command": command}, **times}
