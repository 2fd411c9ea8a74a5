"""A StatefulSetCluster under mocks, and as a plan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from hypothesis import strategies as st

from etcd_ops.model.topology import Slot
from pulumi_etcd import StatefulSetCluster, StatefulSetClusterArgs
from pulumi_etcd.kubernetes import delivery
from pulumi_etcd.kubernetes.manifests import Manifest
from pulumi_etcd.stateful_sets import plan
from pulumi_etcd.stateful_sets.declaration import Declaration, declare
from tests.components.recorder import Recording, record

UID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
ETCD = f"gcr.io/etcd-development/etcd@sha256:{'e' * 64}"
AGENT = f"registry.example.com:5000/etcd-ops/agent@sha256:{'a' * 64}"
ARGS: dict[str, Any] = {
    "namespace": "orders",
    "namespace_uid": UID,
    "kubeconfig": "/etc/kubernetes/admin.kubeconfig",
    "context": "production",
    "zones": ["a", "b", "c"],
    "etcd": {"image": ETCD},
    "agent": {"image": AGENT},
}
KEY = "a private key"
"""Stands for every key in a plan."""


def arguments(**changes: Any) -> StatefulSetClusterArgs:
    """The arguments with others' values; None leaves one out."""
    changed = {name: value for name, value in (ARGS | changes).items() if value is not None}
    return cast("StatefulSetClusterArgs", changed)


def declaration(name: str = "demo", **changes: Any) -> Declaration:
    return declare(name, arguments(**changes))


def recorded(name: str = "demo", *, preview: bool = False, **changes: Any) -> Recording:
    """What a program with this one cluster registers."""
    return record(lambda: StatefulSetCluster(name, arguments(**changes)), preview=preview)


def of_slot(this: Declaration, slot: Slot) -> list[Manifest]:
    """The objects of one member."""
    files = {f"{use}.{suffix}": KEY for use in ("peer", "server", "metrics", "agent") for suffix in ("crt", "key")}
    secret = delivery.credentials(this.names, slot.name, files)
    return [*plan.beside(this, slot), secret, plan.member(this, slot)]


def objects(this: Declaration) -> list[Manifest]:
    """Every object of a cluster, in the order in which they are put."""
    authorities = delivery.authorities(this.names, {f"{trust}-1.crt": "public" for trust in this.trusts})
    members = [each for slot in this.slots for each in of_slot(this, slot)]
    return [*plan.shared(this), authorities, *members]


def of_kind(found: list[Manifest], kind: str) -> dict[str, Manifest]:
    """By name."""
    return {each["metadata"]["name"]: each for each in found if each["kind"] == kind}


def containers(stateful_set: Manifest) -> Iterator[Manifest]:
    """Of the pod, those that prepare it included."""
    pod = stateful_set["spec"]["template"]["spec"]
    yield from pod["initContainers"]
    yield from pod["containers"]


labels = st.from_regex(r"[a-z]([-a-z0-9]{0,6}[a-z0-9])?", fullmatch=True)
zones = st.lists(labels, min_size=1, max_size=5, unique=True)
sizes = st.sampled_from([1, 3, 5, 7])
tolerations = st.lists(
    st.fixed_dictionaries({"key": labels, "operator": st.just("Exists"), "effect": st.just("NoSchedule")}), max_size=2
)
clusters = st.builds(
    declaration,
    labels,
    zones=zones,
    size=sizes,
    storage_class=st.none() | labels,
    priority_class_name=st.none() | labels,
    tolerations=tolerations,
    volume_bytes=st.integers(4 * 1024**3, 1024**4),
)
"""Clusters that are declared well."""
