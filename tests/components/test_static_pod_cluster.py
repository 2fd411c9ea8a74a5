"""What a StaticPodCluster registers, in a preview and in an update."""

from __future__ import annotations

import pytest

from pulumi_etcd.provider.values import text, unknown_paths
from tests.components.recorder import Recording
from tests.components.stateful_sets import AGENT, ETCD
from tests.components.static_pods import recorded

SLOTS = ("a-1", "b-1", "c-1")


@pytest.fixture(params=[True, False], ids=["preview", "update"])
def recording(request: pytest.FixtureRequest) -> Recording:
    return recorded(preview=request.param)


def test_everything_is_there(recording: Recording) -> None:
    members = {f"demo-{slot}" for slot in SLOTS}
    assert set(recording.of_type("DaemonSet")) == set(recording.of_type("ServiceAccount")) == members
    assert set(recording.of_type("StaticPodMember")) == members
    assert set(recording.of_type("Secret")) == {f"{name}-credentials" for name in members}
    assert set(recording.of_type("ConfigMap")) == members | {"demo-authorities"}
    assert set(recording.of_type("Role")) == members | {"demo-agents"}
    assert set(recording.of_type("Service")) == {"demo"}
    assert set(recording.of_type("Rollout")) == {"demo"}


def test_a_member_is_where_its_node_is(recording: Recording) -> None:
    member = recording.of_type("StaticPodMember")["demo-b-1"].inputs
    assert {name: member[name] for name in ("slot", "zone", "node", "address")} == {
        "slot": "b-1", "zone": "b", "node": "node-b", "address": "10.0.1.1",
    }  # fmt: skip
    assert member["manifests"] == "/etc/kubernetes/manifests"
    assert (member["volumes"], member["runs"]) == (
        "/var/lib/pulumi-etcd/orders.demo",
        "/run/pulumi-etcd/orders.demo",
    )


def test_an_agent_is_made_last_and_deleted_first(recording: Recording) -> None:
    """What takes a member off its node waits for its agent to be gone, which would put it back."""
    for slot in SLOTS:
        needs = recording.of_type("DaemonSet")[f"demo-{slot}"].dependencies
        own = {"ServiceAccount", "Role", "RoleBinding", "ConfigMap", "StaticPodMember"}
        assert {f"{kind} demo-{slot}" for kind in own} | {f"Secret demo-{slot}-credentials"} <= needs
        assert not any(f"demo-{other}" in need for need in needs for other in SLOTS if other != slot)


def test_no_object_is_made_before_it_is_known_whose_cluster_it_is(recording: Recording) -> None:
    """A member's own resource asks; another stack's objects must not be changed before."""
    objects = [each for each in recording.resources if each.type.startswith("kubernetes:")]
    assert objects
    for each in objects:
        slots = [slot for slot in SLOTS if each.name.startswith(f"demo-{slot}")] or SLOTS
        assert {f"StaticPodMember demo-{slot}" for slot in slots} <= each.dependencies, each.name


def test_a_binding_is_made_after_its_role(recording: Recording) -> None:
    """Whoever may not bind whatever there is may only where the role is there: else the API server refuses."""
    bindings = recording.of_type("RoleBinding")
    assert len(bindings) == 2 * len(SLOTS)
    for name, each in bindings.items():
        assert f"Role {each.inputs['roleRef']['name']}" in each.dependencies, name


def test_the_rollout_waits_for_everything_that_members_need(recording: Recording) -> None:
    needs = recording.one("Rollout").dependencies
    assert {f"{kind} demo-{slot}" for slot in SLOTS for kind in ("DaemonSet", "StaticPodMember", "ConfigMap")} <= needs


def test_nothing_waits_for_a_pod_before_the_rollout_has_told_it_what_to_be(recording: Recording) -> None:
    for kind in ("DaemonSet", "Service"):
        for each in recording.of_type(kind).values():
            assert each.inputs["metadata"]["annotations"]["pulumi.com/skipAwait"] == "true"


def test_the_contract_is_in_the_inputs_and_in_the_outputs(recording: Recording) -> None:
    props = recording.one("StaticPodCluster").inputs
    assert list(unknown_paths(props)) == []
    assert recording.one("StaticPodCluster").secrets == frozenset()
    assert recording.outputs["demo"]["contract"] == props
    assert (props["platform"], props["zones"], props["keepVolumes"]) == ("static-pods", ["a", "b", "c"], False)
    assert props["images"] == {"etcd": ETCD, "agent": AGENT}
    assert props["nodes"]["a-1"] == {
        "node": "node-a",
        "manifestDirectory": "/etc/kubernetes/manifests",
        "manifestUrlPort": 0,
    }
    member = props["members"]["b-1"]
    assert member["clientUrl"] == "https://10.0.1.1:2379"
    daemon_set = recording.of_type("DaemonSet")["demo-b-1"].inputs
    assert member["agentTemplate"] == daemon_set["metadata"]["annotations"]["pulumi-etcd.dev/template"]


def test_only_fingerprints_are_computed(recording: Recording) -> None:
    inputs = recording.one("Rollout").inputs
    for path in map(text, unknown_paths(inputs)):
        assert ".certificates." in path or ".authorities." in path
    assert recording.one("Rollout").secrets == frozenset()


def test_keys_are_in_secrets_alone() -> None:
    recording = recorded()
    objects = [each for each in recording.resources if each.type.startswith("kubernetes:")]
    for each in objects:
        assert each.type.endswith(":Secret") or not each.secrets
    assert len([each for each in objects if each.secrets]) == len(SLOTS)


def test_protected_volumes_are_on_their_nodes() -> None:
    recording = recorded(protect={"volumes": True})
    protected = {each.type.rsplit(":", maxsplit=1)[-1] for each in recording.resources if each.protect}
    assert protected == {"Rollout", "StaticPodMember"}
