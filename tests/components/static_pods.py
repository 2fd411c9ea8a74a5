"""A StaticPodCluster under mocks, and as a plan."""

from __future__ import annotations

from typing import Any, cast

from hypothesis import strategies as st

from etcd_ops.model.topology import Slot
from pulumi_etcd import StaticPodCluster, StaticPodClusterArgs
from pulumi_etcd.kubernetes import delivery
from pulumi_etcd.kubernetes.manifests import Manifest
from pulumi_etcd.static_pods import plan
from pulumi_etcd.static_pods.declaration import Declaration, declare
from tests.components.recorder import Recording, record
from tests.components.stateful_sets import AGENT, ETCD, KEY, UID


def place(zone: str, number: int, **changes: Any) -> dict[str, Any]:
    """A node of a zone."""
    return {"zone": zone, "node": f"node-{zone}", "address": f"10.0.{number}.1", **changes}


ARGS: dict[str, Any] = {
    "namespace": "orders",
    "namespace_uid": UID,
    "kubeconfig": "/etc/kubernetes/admin.kubeconfig",
    "context": "production",
    "slots": {f"{zone}-1": place(zone, number) for number, zone in enumerate("abc")},
    "etcd": {"image": ETCD},
    "agent": {"image": AGENT},
}


def arguments(**changes: Any) -> StaticPodClusterArgs:
    """The arguments with others' values; None leaves one out."""
    changed = {name: value for name, value in (ARGS | changes).items() if value is not None}
    return cast("StaticPodClusterArgs", changed)


def declaration(name: str = "demo", **changes: Any) -> Declaration:
    return declare(name, arguments(**changes))


def recorded(name: str = "demo", *, preview: bool = False, **changes: Any) -> Recording:
    """What a program with this one cluster registers."""
    return record(lambda: StaticPodCluster(name, arguments(**changes)), preview=preview)


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


labels = st.from_regex(r"[a-z]([-a-z0-9]{0,6}[a-z0-9])?", fullmatch=True)


@st.composite
def slots(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    """Members on nodes of their own, over zones of which none has a quorum."""
    size = draw(st.sampled_from([1, 3, 5]))
    zones = draw(st.lists(labels, min_size=1 if size == 1 else 3, max_size=5, unique=True))
    placed = [(zones[index % len(zones)], index // len(zones) + 1) for index in range(size)]
    return {
        f"{zone}-{ordinal}": place(zone, index, node=f"n{index}.{zone}") for index, (zone, ordinal) in enumerate(placed)
    }


clusters = st.builds(
    declaration,
    labels,
    slots=slots(),
    base_port=st.none() | st.integers(1024, 60_000),
    priority_class_name=st.none() | labels,
    data_directory=st.none() | st.just("/srv/etcd"),
)
"""Clusters that are declared well."""
