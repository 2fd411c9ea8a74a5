"""The Kubernetes objects and static pods of a cluster, as a plan: what holds for every one that can be declared."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.model.problems import Invalid
from etcd_ops.model.topology import Slot
from etcd_ops.model.urls import Url
from etcd_ops.pod import places
from etcd_ops.static_pod.manifest import template_of
from pulumi_etcd.kubernetes.containers import TAKEN_BACK
from pulumi_etcd.kubernetes.manifests import Manifest
from pulumi_etcd.static_pods.declaration import Declaration
from tests.components.stateful_sets import AGENT, ETCD, KEY, UID, of_kind
from tests.components.static_pods import ARGS, clusters, declaration, objects, of_slot, place


def config_map(this: Declaration, slot: Slot) -> dict[str, str]:
    found: dict[str, str] = of_kind(of_slot(this, slot), "ConfigMap")[this.names.member(slot.name)]["data"]
    return found


def static_pod(this: Declaration, slot: Slot) -> Manifest:
    found: Manifest = json.loads(config_map(this, slot)[places.STATIC_POD])
    return found


def daemon_set(this: Declaration, slot: Slot) -> Manifest:
    return of_kind(of_slot(this, slot), "DaemonSet")[this.names.member(slot.name)]


def pods(this: Declaration) -> Iterator[tuple[Slot, Manifest]]:
    """The specs of both pods of every member."""
    for slot in this.slots:
        yield slot, static_pod(this, slot)["spec"]
        yield slot, daemon_set(this, slot)["spec"]["template"]["spec"]


def host_paths(spec: Manifest) -> dict[str, str]:
    return {each["name"]: each["hostPath"]["path"] for each in spec["volumes"] if "hostPath" in each}


@given(clusters)
def test_names_are_of_one_object_each(this: Declaration) -> None:
    found = objects(this)
    assert max(Counter((each["kind"], each["metadata"]["name"]) for each in found).values()) == 1
    assert all(len(each["metadata"]["name"]) <= 63 for each in found)


@given(clusters)
def test_an_agent_has_a_daemon_set_for_its_own_node(this: Declaration) -> None:
    for slot in this.slots:
        spec = daemon_set(this, slot)["spec"]
        assert spec["updateStrategy"] == {"type": "OnDelete"}
        assert spec["template"]["spec"]["nodeSelector"] == {"kubernetes.io/hostname": this.nodes[slot.name].name}
        assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()
        chosen = spec["selector"]["matchLabels"].items()
        others = [static_pod(this, slot)["metadata"]["labels"]]
        others += [daemon_set(this, each)["spec"]["template"]["metadata"]["labels"] for each in this.slots]
        assert sum(chosen <= each.items() for each in others) == 1


@given(clusters)
def test_a_static_pod_asks_nothing_of_an_api_server(this: Declaration) -> None:
    """Such a pod would not be run by its kubelet (Kubernetes, Tasks, "Create static Pods")."""
    for slot in this.slots:
        spec = static_pod(this, slot)["spec"]
        assert {kind for each in spec["volumes"] for kind in each if kind != "name"} <= {"hostPath", "emptyDir"}
        assert not {"serviceAccountName", "nodeSelector", "nodeName", "initContainers"} & spec.keys()
        assert spec["hostNetwork"]
        assert all(not {"envFrom"} & each.keys() for each in spec["containers"])
        assert all(
            env.get("valueFrom", {}).keys() <= {"fieldRef"} for each in spec["containers"] for env in each["env"]
        )


@given(clusters)
def test_both_pods_of_a_member_share_its_folders_and_no_one_elses(this: Declaration) -> None:
    of_members = {}
    for slot in this.slots:
        static, agent = (host_paths(spec) for each, spec in pods(this) if each == slot)
        assert static["data"] == agent["data"]
        assert static["run"] == agent["run"]
        assert static["token"] == f"{agent['run']}/{places.LENT_TOKEN}"
        of_members[slot.name] = {static["data"], static["run"]}
    assert len(set().union(*of_members.values())) == 2 * len(of_members)


@given(clusters)
def test_every_container_is_contained(this: Declaration) -> None:
    for _, spec in pods(this):
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for each in (*spec.get("initContainers", ()), *spec["containers"]):
            assert each["image"] in (AGENT, ETCD)
            context = each["securityContext"]
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert (context["readOnlyRootFilesystem"], context["allowPrivilegeEscalation"]) == (True, False)
            assert {"cpu", "memory"} <= each["resources"]["requests"].keys()


@given(clusters)
def test_the_document_names_the_pods_that_are_declared(this: Declaration) -> None:
    for slot in this.slots:
        member = this.spec.members[slot.name]
        assert member.template == template_of(config_map(this, slot)[places.STATIC_POD].encode())
        template = daemon_set(this, slot)["spec"]["template"]
        assert template["metadata"]["annotations"] == {places.TEMPLATE_ANNOTATION: member.agent_template}
        (agent,) = template["spec"]["containers"]
        assert {"name": places.TEMPLATE, "value": member.agent_template} in agent["env"]
        assert TAKEN_BACK in agent["env"]


@given(clusters, st.data())
def test_pods_of_a_member_do_not_follow_from_other_members(this: Declaration, data: st.DataObject) -> None:
    kept = data.draw(st.sampled_from([slot.name for slot in this.slots]))
    node, slot = this.nodes[kept], next(each for each in this.slots if each.name == kept)
    url = Url.parse(slot.urls.client)
    alone = declaration(
        this.name,
        slots={kept: {"zone": slot.zone, "node": node.name, "address": url.host}},
        base_port=this.base_port,
        priority_class_name=this.pods.priority_class,
        data_directory=node.paths.volumes.rpartition("/")[0],
    )
    assert static_pod(alone, alone.slots[0]) == static_pod(this, slot)
    assert daemon_set(alone, alone.slots[0])["spec"] == daemon_set(this, slot)["spec"]


@given(clusters)
def test_ports_follow_each_other(this: Declaration) -> None:
    for slot in this.slots:
        urls = (slot.urls.client, slot.urls.peer, slot.urls.metrics, slot.urls.health)
        assert [Url.parse(url).port for url in urls] == [*range(this.base_port, this.base_port + 4)]
        assert Url.parse(slot.urls.health).host == "127.0.0.1"
        (etcd,) = static_pod(this, slot)["spec"]["containers"]
        assert etcd["livenessProbe"]["exec"]["command"][-1] == slot.urls.health
        assert [port["hostPort"] for port in etcd["ports"]] == [this.base_port, this.base_port + 1]


@given(clusters)
def test_no_key_is_anywhere_but_in_the_secret_of_its_member(this: Declaration) -> None:
    for each in objects(this):
        assert (KEY in json.dumps(each)) == (each["kind"] == "Secret")


def test_other_resources_make_other_pods() -> None:
    def digests(**resources: Any) -> tuple[str, str]:
        member = declaration(resources=resources).spec.members["a-1"]
        return member.template, member.agent_template

    plain = digests()
    etcd, agent = digests(etcd={"cpu": "1"}), digests(agent={"cpu": "1"})
    assert etcd[0] != plain[0]
    assert etcd[1] == plain[1]
    assert agent[0] == plain[0]
    assert agent[1] != plain[1]


def test_another_program_makes_no_other_static_pod() -> None:
    """The agent keeps it on the volume; etcd is restarted with it, and its container is not."""
    other = declaration(etcd={"image": ETCD.replace("e" * 64, "f" * 64), "version": "3.6.14"})
    one, two = declaration().spec.members["a-1"], other.spec.members["a-1"]
    assert one.template == two.template
    assert one.agent_template != two.agent_template


def test_the_agent_is_told_what_it_needs() -> None:
    this = declaration()
    assert json.loads(config_map(this, this.slots[0])["agent-config.json"]) == {
        "cluster": "demo",
        "slot": "a-1",
        "zone": "a",
        "volume": str(places.VOLUME),
        "channel": {"kind": "kubernetes", "namespace": "orders", "cluster": "demo", "namespaceUid": UID},
        "runtime": {"kind": "supervisor", "socket": str(places.SOCKET), "program": "etcd-a-1"},
        "delivery": {"credentials": "/etc/etcd-ops/credentials", "authorities": "/etc/etcd-ops/authorities"},
        "agent": this.spec.agent.to_wire(),
        "agentPod": {"namespace": "orders", "controller": "daemonsets/demo-a-1"},
        "staticPod": {"manifests": str(places.MANIFESTS), "file": "orders.demo.a-1.json"},
    }


@pytest.mark.parametrize(
    ("slots", "problem"),
    [
        ({"a-1": place("a", 1), "b-1": place("b", 2, node="node-a")}, "slots.b-1.node: node-a is that of a-1 already"),
        ({"a-1": place("a", 1), "b-1": place("b", 1)}, "slots.b-1.address: 10.0.1.1 is that of a-1 already"),
        ({"a-1": place("a", 1, address="10.0.1.1:2379")}, "slots.a-1.address: '10.0.1.1:2379' is neither"),
        ({"a-1": place("a", 1, node="Node A")}, "slots.a-1.node: 'Node A' is not the name of a node"),
        ({"a": place("a", 1)}, "slots.a: the name does not end in an ordinal"),
        ({"a-1": {"zone": "a", "node": "n"}}, "slots.a-1.address: must be given"),
        ({"a-1": place("a", 1, manifest_directory="manifests")}, "slots.a-1.manifestDirectory:"),
        ({}, "slots: there is none"),
        (None, "slots: must be given"),
    ],
)  # fmt: skip
def test_what_cannot_be_declared_is_told_by_property(slots: Any, problem: str) -> None:
    with pytest.raises(Invalid) as raised:
        declaration(slots=slots)
    assert any(str(each).startswith(problem) for each in raised.value.problems), raised.value.problems


def test_all_problems_are_told_at_once() -> None:
    slots = {"a-1": place("a", 1), "b-1": place("b", 1)}
    changes: dict[str, Any] = {
        "base_port": 65_534,
        "run_directory": "run",
        "etcd": {"image": "etcd:3.6"},
        "channel": {"kind": "x"},
    }
    with pytest.raises(Invalid) as raised:
        declaration(slots=slots, **changes)
    paths = {each.path for each in raised.value.problems}
    assert {"slots.b-1.address", "runDirectory", "etcd.image", "channel"} <= paths


def test_what_is_missing_is_no_other_problem_as_well() -> None:
    with pytest.raises(Invalid) as raised:
        declaration(slots={"a-1": {"zone": "a"}, "b-1": {"zone": "b"}, "c-1": place("c", 3)})
    assert [str(each) for each in raised.value.problems] == [
        f"slots.{slot}.{name}: must be given" for slot in ("a-1", "b-1") for name in ("node", "address")
    ]


def test_ports_beyond_the_last_are_refused() -> None:
    with pytest.raises(Invalid, match="65537"):
        declaration(base_port=65_534)


def test_zones_are_those_of_the_nodes() -> None:
    assert declaration().zones == ("a", "b", "c")
    assert ARGS["slots"].keys() == declaration().topology.zones.keys()


def test_a_migration_reaches_the_document() -> None:
    member = {"peer_url": "https://10.9.0.1:2380", "client_url": "https://10.9.0.1:2379"}
    this = declaration(migration={"phase": "take-over", "members": {"old-0": member}, "keep": ["old-0"]})
    assert this.spec.migration is not None
    assert (this.spec.migration.phase.value, this.spec.migration.keep) == ("take-over", ("old-0",))
