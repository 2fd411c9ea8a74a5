"""The pod that a member runs in: pure.

A member's pod follows from the cluster's name, its slot and zone, and from what all pods have in common. It never
follows from other members, so that none of them is restarted because another comes or goes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from etcd_ops.model.document import canonical, digest
from etcd_ops.model.topology import CLIENT_PORT, METRICS_PORT, PEER_PORT, Slot
from etcd_ops.pod import places
from pulumi_etcd.stateful_sets.images import Image
from pulumi_etcd.stateful_sets.manifests import Manifest
from pulumi_etcd.stateful_sets.naming import VOLUME, ZONE_LABEL, Names

USER = 65532
"""Of every process in a pod, and its group."""
TEMPLATE_DIGITS = 16
GRACE_SECONDS = 60
"""For etcd to hand its leadership over and end."""
TOKEN_SECONDS = 3600

VOLUME_PATH, PROGRAMS, RUN = str(places.VOLUME), str(places.PROGRAMS), str(places.RUN)
CONFIG, AGENT_CONFIG = str(places.CONFIG.parent), places.CONFIG.name
CREDENTIALS = "/etc/etcd-ops/credentials"
AUTHORITIES = "/etc/etcd-ops/authorities"
TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 (a path)

_WRITABLE = {"data": VOLUME_PATH, "run": RUN, "tmp": "/tmp"}  # noqa: S108 (a volume of the pod's own)
_DELIVERED = {"config": CONFIG, "credentials": CREDENTIALS, "authorities": AUTHORITIES}


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
class Pods:
    """What the pods of one cluster have in common."""

    names: Names
    etcd: Image
    agent: Image
    etcd_resources: Resources
    agent_resources: Resources
    priority_class: str
    """Empty for the Kubernetes cluster's default."""
    tolerations: Sequence[Mapping[str, Any]]

    @property
    def program(self) -> str:
        """Where etcd's program is put, for the container in which it runs."""
        return f"{PROGRAMS}/{self.etcd.digest}/etcd"


SECURITY: Mapping[str, Any] = {
    "runAsNonRoot": True,
    "runAsUser": USER,
    "readOnlyRootFilesystem": True,
    "allowPrivilegeEscalation": False,
    "dropCapabilities": ["ALL"],
    "seccompProfile": "RuntimeDefault",
}
"""What every container of every pod keeps to, as the contract tells it."""


def template(pods: Pods, slot: Slot) -> Manifest:
    """The template of a slot's pod, which names its own digest."""
    named = _template(pods, slot)
    found = _digest(named)
    named["metadata"]["annotations"] = {places.TEMPLATE_ANNOTATION: found}
    agent = next(each for each in named["spec"]["containers"] if each["name"] == "agent")
    agent["env"].append({"name": places.TEMPLATE, "value": found})
    return named


def template_digest(pods: Pods, slot: Slot) -> str:
    """Tells one template of a slot's pod from another."""
    return _digest(_template(pods, slot))


def _digest(plain: Manifest) -> str:
    return digest(canonical(plain))[:TEMPLATE_DIGITS]


def _template(pods: Pods, slot: Slot) -> Manifest:
    names = pods.names
    optional = {"priorityClassName": pods.priority_class} if pods.priority_class else {}
    tolerations = {"tolerations": [dict(each) for each in pods.tolerations]} if pods.tolerations else {}
    spec = {
        "serviceAccountName": names.member(slot.name),
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "shareProcessNamespace": True,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "nodeSelector": {ZONE_LABEL: slot.zone},
        "affinity": {"podAntiAffinity": _apart(names)},
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "initContainers": [_provide(pods), _etcd_program(pods)],
        "containers": [_etcd(pods), _agent(pods)],
        "volumes": _volumes(names, slot.name),
        **optional,
        **tolerations,
    }
    return {"metadata": {"labels": names.labels(slot.name)}, "spec": spec}


def _apart(names: Names) -> Manifest:
    """No two members on one node, whatever cluster of theirs is being moved."""
    term = {"labelSelector": {"matchLabels": names.selector}, "topologyKey": "kubernetes.io/hostname"}
    return {"requiredDuringSchedulingIgnoredDuringExecution": [term]}


def _provide(pods: Pods) -> Manifest:
    """Prepares the volume, and hands the program over with which the next container copies etcd's."""
    command = ["python3", "-m", "etcd_ops.pod.provide"]
    mounts = _mounts("data", "programs", "tmp", "config", "credentials", "authorities")
    return _ours("provide", pods.agent, command, pods.agent_resources, mounts)


def _etcd_program(pods: Pods) -> Manifest:
    """The image of etcd has no shell: the program that copies comes from the agent's image."""
    command = [f"{PROGRAMS}/{places.INSTALLER.name}", "/usr/local/bin/etcd", pods.program]
    return _container("etcd-program", pods.etcd, command, pods.agent_resources, _mounts("programs"))


def _etcd(pods: Pods) -> Manifest:
    """It has the token, too: before etcd starts, its launcher looks whether the channel is of a later incarnation."""
    mounts = [*_mounts("data", "run", "tmp"), *_mounts("programs", "token", read_only=True)]
    found = _ours("etcd", pods.agent, ["python3", "-m", "etcd_ops.pod.member"], pods.etcd_resources, mounts)
    found["ports"] = [_port("client", CLIENT_PORT), _port("peer", PEER_PORT)]
    found["readinessProbe"] = _probe("ready", period=5, timeout=5, failures=2)
    # It fails only where a listening etcd does not answer: a lost quorum or a full disk must not restart it in a loop.
    found["livenessProbe"] = _probe("live", period=20, timeout=10, failures=6)
    return found


def _agent(pods: Pods) -> Manifest:
    delivered = _mounts("config", "credentials", "authorities", "token", read_only=True)
    mounts = [*_mounts("data", "run", "tmp"), *_mounts("programs", read_only=True), *delivered]
    command = ["python3", "-m", "etcd_ops.runtime.agent_launch", VOLUME_PATH]
    found = _ours("agent", pods.agent, command, pods.agent_resources, mounts)
    found["ports"] = [_port("metrics", METRICS_PORT)]
    return found


def _ours(name: str, image: Image, command: list[str], resources: Resources, mounts: list[Manifest]) -> Manifest:
    """A container of the agent's image. Its root is read-only, so Python keeps nothing and is at home elsewhere."""
    found = _container(name, image, command, resources, mounts)
    found["env"] = [{"name": "HOME", "value": "/tmp"}, {"name": "PYTHONDONTWRITEBYTECODE", "value": "1"}]  # noqa: S108
    return found


def _container(name: str, image: Image, command: list[str], resources: Resources, mounts: list[Manifest]) -> Manifest:
    return {
        "name": name,
        "image": image.reference,
        "imagePullPolicy": "IfNotPresent",
        "command": command,
        "resources": resources.manifest(),
        "securityContext": {
            "readOnlyRootFilesystem": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": mounts,
    }


def _mounts(*volumes: str, read_only: bool = False) -> list[Manifest]:
    paths = {**_WRITABLE, **_DELIVERED, "programs": PROGRAMS, "token": TOKEN}
    marked = {"readOnly": True} if read_only else {}
    return [{"name": each, "mountPath": paths[each], **marked} for each in volumes]


def _port(name: str, number: int) -> Manifest:
    return {"name": name, "containerPort": number, "protocol": "TCP"}


def _probe(what: str, *, period: int, timeout: int, failures: int) -> Manifest:
    command = ["python3", "-m", "etcd_ops.pod.probe", what]
    times = {"periodSeconds": period, "timeoutSeconds": timeout, "failureThreshold": failures}
    return {"exec": {"command": command}, **times}


def _volumes(names: Names, slot: str) -> list[Manifest]:
    """Those beside the claim, which is the StatefulSet's."""
    scratch: list[Manifest] = [{"name": each, "emptyDir": {}} for each in ("programs", "run", "tmp")]
    return [
        *scratch,
        {"name": "config", "configMap": {"name": names.member(slot)}},
        {"name": "credentials", "secret": {"secretName": names.credentials(slot), "defaultMode": 0o440}},
        {"name": "authorities", "configMap": {"name": names.authorities}},
        {"name": "token", "projected": {"sources": _token()}},
    ]


def _token() -> list[Manifest]:
    """What a container is given by default, for those two that speak to the API."""
    namespace = {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
    return [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": TOKEN_SECONDS}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [namespace]}},
    ]


assert VOLUME in _WRITABLE, "the claim is mounted by its template's name"
