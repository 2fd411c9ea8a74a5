"""Previews of clusters of Kubernetes objects on the real engine: the provider `etcd` declares, a stand-in the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.review.plain_stack import CLUSTER, SLOTS, Declaration, Resources, Scenario, Stage, gone, put, recording, take
from tools.engine import Engine

_SET = "kubernetes:apps/v1:StatefulSet"


def _metadata(name: str, slot: str = "") -> dict[str, Any]:
    labels = {"pulumi-etcd.dev/cluster": CLUSTER, **({"pulumi-etcd.dev/slot": slot} if slot else {})}
    return {"name": name, "namespace": "etcd", "labels": labels}


def resources(kept: str = "Delete") -> Resources:
    """What a cluster of three StatefulSets is placed as, by name.

    Args:
        kept: what becomes of claims when their StatefulSet is deleted.
    """
    found: Resources = {
        "sample-namespace": {"type": "kubernetes:core/v1:Namespace", "inputs": {"metadata": {"name": "etcd"}}},
        "sample-peers": {
            "type": "kubernetes:core/v1:Service",
            "inputs": {"metadata": _metadata("sample-peers"), "spec": {"clusterIP": "None"}},
        },
        "sample-budget": {
            "type": "kubernetes:policy/v1:PodDisruptionBudget",
            "inputs": {"metadata": _metadata("sample"), "spec": {"minAvailable": 2}},
        },
        "sample-reach": {
            "type": "kubernetes:networking.k8s.io/v1:NetworkPolicy",
            "inputs": {"metadata": _metadata("sample"), "spec": {"ingress": [{"from": "clients"}]}},
        },
    }
    for slot in SLOTS:
        found[f"sample-{slot}-keys"] = {
            "type": "kubernetes:core/v1:Secret",
            "inputs": {"metadata": _metadata(f"sample-{slot}-keys", slot), "data": {"of": "1"}},
        }
        found[f"sample-{slot}"] = {
            "type": _SET,
            "inputs": {"metadata": _metadata(f"sample-{slot}", slot), "spec": _spec(kept)},
        }
    return found


def _spec(kept: str, image: str = "etcd@sha256:1") -> dict[str, Any]:
    return {
        "replicas": 1,
        "updateStrategy": {"type": "OnDelete"},
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": kept},
        "template": {"spec": {"containers": [{"name": "etcd", "image": image}]}},
    }


def _image(declaration: Declaration) -> None:
    for slot in SLOTS:
        declaration["resources"][f"sample-{slot}"]["inputs"]["spec"] = _spec("Delete", "etcd@sha256:2")
        declaration["rollout"]["cluster"]["members"][slot]["template"] = "f" * 64


def _renamed(declaration: Declaration) -> None:
    for slot in SLOTS[:2]:
        declaration["resources"][f"sample-{slot}"]["inputs"]["metadata"] = _metadata(f"other-{slot}", slot)


def _renewed(declaration: Declaration) -> None:
    for slot in SLOTS:
        declaration["resources"][f"sample-{slot}-keys"]["inputs"]["data"] = {"of": "2"}


def _kept(declaration: Declaration) -> None:
    for slot in SLOTS:
        declaration["resources"][f"sample-{slot}"]["inputs"]["spec"] = _spec("Retain")


STANDING = (
    Scenario("kubernetes-nothing"),
    Scenario("kubernetes-image", _image),
    Scenario("kubernetes-sets-renamed", _renamed),
    Scenario("kubernetes-set-deleted", take("sample-b-1")),
    Scenario("kubernetes-namespace-renamed", put("sample-namespace", metadata={"name": "other"})),
    Scenario("kubernetes-renewed", _renewed),
    Scenario("kubernetes-budget-gone", take("sample-budget")),
    Scenario("kubernetes-opened", put("sample-reach", spec={"ingress": [{}]})),
    Scenario("kubernetes-service-renamed", put("sample-peers", metadata=_metadata("other"))),
    Scenario("kubernetes-removed", gone),
)
"""While three members are up, whose claims go with their StatefulSets."""
KEPT = (
    Scenario("kubernetes-kept-set-deleted", take("sample-b-1")),
    Scenario("kubernetes-kept-removed", gone),
)
"""While claims outlive their StatefulSets."""


def record(engine: Engine, wanted: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
    """The previews by name, as they are kept."""
    stages = (Stage(STANDING), Stage(KEPT, _kept))
    return recording(engine, wanted, "kubernetes-create", "etcd:index:StatefulSetCluster", resources(), stages)
