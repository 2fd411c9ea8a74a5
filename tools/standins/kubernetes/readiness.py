"""Whether an object does what it was made for, by kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from tools.standins.kubernetes.api import Api
from tools.standins.kubernetes.objects import group, skips_await

Check: TypeAlias = Callable[[Api, Mapping[str, Any]], list[str]]

UNSUPPORTED = {
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("apps", "DaemonSet"),
    ("apps", "Deployment"),
    ("batch", "Job"),
    ("", "PersistentVolume"),
    ("", "ReplicationController"),
    ("networking.k8s.io", "Ingress"),
}
"""Kinds for which the official provider waits, and the stand-in cannot."""


def cannot_wait(manifest: Mapping[str, Any]) -> bool:
    """Whether the official provider would wait for an object, and the stand-in cannot."""
    return _key(manifest) in UNSUPPORTED and not skips_await(manifest)


def problems(api: Api, live: Mapping[str, Any]) -> list[str]:
    """What an object still lacks; empty if it is ready, or nothing has to be waited for.

    Raises:
        Refused, Unreachable: what it depends on could not be read.
    """
    check = CHECKS.get(_key(live))
    return check(api, live) if check and not skips_await(live) else []


def _key(manifest: Mapping[str, Any]) -> tuple[str, str]:
    return group(str(manifest.get("apiVersion"))), str(manifest.get("kind"))


def _stateful_set(_api: Api, live: Mapping[str, Any]) -> list[str]:
    spec, status = live["spec"], live.get("status") or {}
    wanted = spec.get("replicas", 1)
    if (status.get("observedGeneration") or 0) < (live["metadata"].get("generation") or 0):
        return ["no controller has seen this version of it yet"]
    found = []
    if (ready := status.get("readyReplicas") or 0) != wanted:
        found.append(f"{ready} of {wanted} pods are ready: look at the pods' events and logs")
    rolls = (spec.get("updateStrategy") or {}).get("type") != "OnDelete"
    partition = ((spec.get("updateStrategy") or {}).get("rollingUpdate") or {}).get("partition") or 0
    if rolls and not partition and status.get("currentRevision") != status.get("updateRevision"):
        found.append(f"{status.get('updatedReplicas') or 0} of {wanted} pods are of the new version")
    return found


def _service(api: Api, live: Mapping[str, Any]) -> list[str]:
    spec = live["spec"]
    if spec.get("type") == "LoadBalancer" and not ((live.get("status") or {}).get("loadBalancer") or {}).get("ingress"):
        return ["no load balancer has been provided yet"]
    if spec.get("type") == "ExternalName" or not spec.get("selector"):
        return []
    metadata = live["metadata"]
    path = f"/apis/discovery.k8s.io/v1/namespaces/{metadata['namespace']}/endpointslices"
    slices = api.items(path, {"labelSelector": f"kubernetes.io/service-name={metadata['name']}"})
    endpoints = [each for one in slices for each in one.get("endpoints") or ()]
    if any((each.get("conditions") or {}).get("ready") is not False for each in endpoints):
        return []
    return ["it has no ready endpoint: look at the pods that its selector chooses"]


def _claim(api: Api, live: Mapping[str, Any]) -> list[str]:
    phase = (live.get("status") or {}).get("phase")
    if phase == "Bound":
        return []
    name = live["spec"].get("storageClassName")
    classes = api.items("/apis/storage.k8s.io/v1/storageclasses", {"fieldSelector": f"metadata.name={name}"})
    if any(each.get("volumeBindingMode") == "WaitForFirstConsumer" for each in classes):
        return []
    return [f"it is {phase or 'not seen by a controller yet'}, not Bound: look at its events"]


def _pod(_api: Api, live: Mapping[str, Any]) -> list[str]:
    status = live.get("status") or {}
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in status.get("conditions") or ())
    if ready or status.get("phase") == "Succeeded":
        return []
    return [f"it is {status.get('phase') or 'not scheduled'}, not ready: look at its events and logs"]


CHECKS: Mapping[tuple[str, str], Check] = {
    ("apps", "StatefulSet"): _stateful_set,
    ("", "Service"): _service,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "Pod"): _pod,
}
