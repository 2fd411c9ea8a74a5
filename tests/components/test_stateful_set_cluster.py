"""What a StatefulSetCluster registers, in a preview and in an update."""

from __future__ import annotations

import base64
import importlib.metadata
import json
from typing import Any

import pulumi
import pytest

from pulumi_etcd.certificates import fingerprint
from pulumi_etcd.kubernetes.naming import ZONE_LABEL
from pulumi_etcd.provider.values import SECRET, SIGNATURE, UNKNOWN, text, unknown_paths
from tests.components.recorder import Recording, Registered
from tests.components.stateful_sets import AGENT, ETCD, UID, recorded

SLOTS = ("a-1", "b-1", "c-1")
HOST = "{}-0.demo-peers.orders.svc.cluster.local"


@pytest.fixture(params=[True, False], ids=["preview", "update"])
def recording(request: pytest.FixtureRequest) -> Recording:
    return recorded(preview=request.param)


def objects(recording: Recording) -> list[Registered]:
    return [each for each in recording.resources if each.type.startswith("kubernetes:")]


def test_everything_is_there(recording: Recording) -> None:
    members = {f"demo-{slot}" for slot in SLOTS}
    assert set(recording.of_type("StatefulSet")) == set(recording.of_type("ServiceAccount")) == members
    assert set(recording.of_type("StatefulSetMember")) == members
    assert set(recording.of_type("Secret")) == {f"{name}-credentials" for name in members}
    assert set(recording.of_type("ConfigMap")) == members | {"demo-authorities"}
    assert set(recording.of_type("Role")) == members | {"demo-agents"}
    assert set(recording.of_type("Service")) == {"demo", "demo-peers"}
    assert set(recording.of_type("PodDisruptionBudget")) == set(recording.of_type("NetworkPolicy")) == {"demo"}
    assert set(recording.of_type("Rollout")) == {"demo"}
    assert recording.of_type("LocalContext") == {}


def test_objects_go_where_the_rollout_looks(recording: Recording) -> None:
    (provider,) = (each for each in recording.resources if each.type == "pulumi:providers:kubernetes")
    assert provider.inputs["clusterIdentifier"] == UID
    assert {each.provider for each in objects(recording)} == {provider.name}
    assert {each.inputs["metadata"]["namespace"] for each in objects(recording)} == {"orders"}
    channel = recording.one("Rollout").inputs["channel"]
    expected = {name: provider.inputs[name] for name in ("kubeconfig", "context", "namespace")}
    assert {name: channel[name] for name in expected} == expected
    assert channel["namespaceUid"] == UID


def test_a_new_certificate_replaces_no_object(recording: Recording) -> None:
    """By default, the plugin replaces a Secret or a ConfigMap whose data changes, and all that depends on it."""
    (provider,) = (each for each in recording.resources if each.type == "pulumi:providers:kubernetes")
    assert provider.inputs["enableSecretMutable"] == provider.inputs["enableConfigMapMutable"] == "true"


def test_no_change_replaces_a_stateful_set_and_its_volume(recording: Recording) -> None:
    """What Kubernetes does not change of one in place (ValidateStatefulSetUpdate) stays as it was made."""
    fixed = {"podManagementPolicy", "revisionHistoryLimit", "selector", "serviceName", "volumeClaimTemplates"}
    for each in recording.of_type("StatefulSet").values():
        assert {f"spec.{field}" for field in fixed} <= set(each.ignore_changes)
    assert not any(each.delete_before_replace for each in recording.resources)


def test_no_object_is_made_before_it_is_known_whose_cluster_it_is(recording: Recording) -> None:
    """A member's own resource asks; another stack's objects must not be changed before."""
    for each in objects(recording):
        slots = [slot for slot in SLOTS if each.name.startswith(f"demo-{slot}")] or SLOTS
        assert {f"StatefulSetMember demo-{slot}" for slot in slots} <= each.dependencies, each.name


def test_a_binding_is_made_after_its_role(recording: Recording) -> None:
    """Whoever may not bind whatever there is may only where the role is there: else the API server refuses."""
    bindings = recording.of_type("RoleBinding")
    assert len(bindings) == 2 * len(SLOTS)
    for name, each in bindings.items():
        assert f"Role {each.inputs['roleRef']['name']}" in each.dependencies, name


def test_the_rollout_waits_for_everything_that_members_need(recording: Recording) -> None:
    needs = recording.one("Rollout").dependencies
    for each in objects(recording):
        assert f"{each.type.rsplit(':', maxsplit=1)[-1]} {each.name}" in needs
    assert {f"StatefulSetMember demo-{slot}" for slot in SLOTS} <= needs


def test_a_stateful_set_is_made_last_and_deleted_first(recording: Recording) -> None:
    for slot in SLOTS:
        needs = recording.of_type("StatefulSet")[f"demo-{slot}"].dependencies
        own = {"ServiceAccount", "Role", "RoleBinding", "ConfigMap", "StatefulSetMember"}
        assert {f"{kind} demo-{slot}" for kind in own} | {f"Secret demo-{slot}-credentials"} <= needs
        assert {"Service demo-peers", "NetworkPolicy demo", "ConfigMap demo-authorities", "Role demo-agents"} <= needs
        assert not any(f"demo-{other}" in need for need in needs for other in SLOTS if other != slot)


def test_nothing_waits_for_a_pod_before_the_rollout_has_told_it_what_to_be(recording: Recording) -> None:
    for kind in ("StatefulSet", "Service"):
        for each in recording.of_type(kind).values():
            assert each.inputs["metadata"]["annotations"]["pulumi.com/skipAwait"] == "true"


def test_everything_belongs_to_the_component(recording: Recording) -> None:
    cluster = recording.one("StatefulSetCluster")
    assert {each.parent for each in recording.resources if each is not cluster} == {cluster.urn}


def test_the_contract_is_in_the_inputs_and_in_the_outputs(recording: Recording) -> None:
    props = recording.one("StatefulSetCluster").inputs
    assert list(unknown_paths(props)) == []
    assert recording.one("StatefulSetCluster").secrets == frozenset()
    assert recording.outputs["demo"]["contract"] == props
    member = recording.of_type("StatefulSet")["demo-b-1"].inputs
    host = HOST.format("demo-b-1")
    assert props["members"]["b-1"] == {
        "zone": "b",
        "peerUrl": f"https://{host}:2380",
        "clientUrl": f"https://{host}:2379",
        "metricsUrl": f"https://{host}:2381",
        "healthUrl": "http://127.0.0.1:2382",
        "volumeBytes": 10 * 1024**3,
        "template": member["metadata"]["annotations"]["pulumi-etcd.dev/template"],
        "agentTemplate": member["metadata"]["annotations"]["pulumi-etcd.dev/agent-template"],
    }
    assert (props["clusterName"], props["platform"], props["zones"]) == ("demo", "stateful-sets", ["a", "b", "c"])
    assert (props["namespace"], props["disruptionBudget"]) == ("orders", {"minAvailable": 2})
    assert props["images"] == {"etcd": ETCD, "agent": AGENT}
    for container in member["spec"]["template"]["spec"]["containers"]:
        assert container["resources"] == props["resources"][container["name"]]


def test_only_fingerprints_are_computed(recording: Recording) -> None:
    inputs = recording.one("Rollout").inputs
    for path in map(text, unknown_paths(inputs)):
        assert ".certificates." in path or ".authorities." in path
    assert recording.one("Rollout").secrets == frozenset()


def test_the_document_is_told_of_image_and_pod(recording: Recording) -> None:
    cluster = recording.one("Rollout").inputs["cluster"]
    digest = "e" * 64
    expected = {"source": f"/programs/{digest}/etcd", "sha256": digest, "digestOf": "image"}
    assert cluster["etcd"]["binary"] == expected
    for slot in SLOTS:
        pod = recording.of_type("StatefulSet")[f"demo-{slot}"].inputs["spec"]["template"]
        assert cluster["members"][slot]["template"] == pod["metadata"]["annotations"]["pulumi-etcd.dev/template"]
        assert cluster["members"][slot]["zone"] == pod["spec"]["nodeSelector"][ZONE_LABEL]


def test_keys_are_in_secrets_alone() -> None:
    recording = recorded()
    for slot in SLOTS:
        secret = recording.of_type("Secret")[f"demo-{slot}-credentials"]
        assert {path[0] for path in secret.secrets} == {"data"}
        for use in ("peer", "server", "metrics", "agent"):
            found = base64.b64decode(secret.inputs["data"][f"{use}.key"]).decode()
            assert found == f"key of demo-{slot}-{use}-1"
    encoded = base64.b64encode(b"key of demo-")[:15].decode()
    for each in objects(recording):
        assert each.type.endswith(":Secret") or ("key of" not in str(each.inputs) and encoded not in str(each.inputs))
    assert recording.outputs["demo"]["clientCredential"][SIGNATURE] == SECRET


def test_an_update_names_the_certificates_that_were_delivered() -> None:
    recording = recorded(trust={"peer": {"generations": [1, 2], "issuer": 2}})
    cluster = recording.one("Rollout").inputs["cluster"]
    for slot in SLOTS:
        data = recording.of_type("Secret")[f"demo-{slot}-credentials"].inputs["data"]
        for use, expected in cluster["members"][slot]["certificates"].items():
            assert fingerprint(base64.b64decode(data[f"{use}.crt"]).decode()) == expected
    files = recording.of_type("ConfigMap")["demo-authorities"].inputs["data"]
    assert set(files) == {"peer-1.crt", "peer-2.crt", "client-1.crt", "metrics-1.crt"}
    for trust, declared in cluster["trust"].items():
        for generation, expected in declared["authorities"].items():
            assert fingerprint(files[f"{trust}-{generation}.crt"]) == expected


def test_servers_answer_to_the_names_that_clients_call() -> None:
    recording = recorded()
    requests = {
        each.name: each.inputs for each in recording.resources if each.type.endswith(("CertRequest", "certRequest"))
    }
    shared = {"demo.orders.svc.cluster.local", "demo.orders.svc", "demo.orders", "demo", "localhost"}
    names = set(requests["demo-a-1-server-1"]["dnsNames"])
    assert shared | {HOST.format("demo-a-1")} <= names
    assert HOST.format("demo-b-1") not in names
    for use in ("peer", "metrics"):
        others = set(requests[f"demo-a-1-{use}-1"]["dnsNames"])
        assert HOST.format("demo-a-1") in others
        assert not (shared - {"localhost"}) & others


def test_in_a_preview_certificates_are_not_known() -> None:
    recording = recorded(preview=True)
    assert recording.one("Rollout").inputs["cluster"]["members"]["a-1"]["certificates"]["peer"] == UNKNOWN
    assert recording.of_type("Secret")["demo-a-1-credentials"].inputs["data"]["peer.key"] == UNKNOWN


@pytest.mark.parametrize(
    ("protect", "expected"),
    [
        ({}, set()),
        ({"volumes": True}, {"Rollout", "StatefulSet", "StatefulSetMember"}),
        ({"authorities": True}, {"PrivateKey", "SelfSignedCert"}),
    ],
)
def test_protection_is_an_argument(protect: dict[str, bool], expected: set[str]) -> None:
    recording = recorded(protect=protect)
    protected = {each.type.rsplit(":", maxsplit=1)[-1].rsplit("/")[-1] for each in recording.resources if each.protect}
    assert {kind[0].upper() + kind[1:] for kind in protected} == expected


def test_files_for_etcd_ops_are_written_where_they_are_wanted() -> None:
    recording = recorded(directory="/var/tmp/demo")
    context = recording.one("LocalContext").inputs
    assert context["channel"] == recording.one("Rollout").inputs["channel"]
    assert recording.outputs["demo"]["contextFile"] == "/var/tmp/demo/context.json"
    assert recorded().outputs["demo"]["contextFile"] == ""


def test_outputs_are_known_where_they_can_be(recording: Recording) -> None:
    outputs = recording.outputs["demo"]
    assert outputs["endpoints"] == [f"https://{HOST.format(f'demo-{slot}')}:2379" for slot in SLOTS]
    assert outputs["service"] == "https://demo.orders.svc.cluster.local:2379"
    assert set(outputs["members"]) == set(SLOTS)


def test_agents_are_inside_and_everybody_else_is_not(recording: Recording) -> None:
    config = recording.of_type("ConfigMap")["demo-a-1"].inputs["data"]["agent-config.json"]
    channel = json.loads(config)["channel"]
    assert channel == {"kind": "kubernetes", "namespace": "orders", "cluster": "demo", "namespaceUid": UID}
    member = recording.of_type("StatefulSetMember")["demo-a-1"].inputs
    assert member["channel"] == recording.one("Rollout").inputs["channel"]
    assert (member["pod"], member["claim"]) == ("demo-a-1-0", "data-demo-a-1-0")
    assert (member["volumeBytes"], member["storageClass"]) == (10 * 1024**3, "")


def test_another_channel_may_be_a_bucket() -> None:
    recording = recorded(channel={"kind": "s3", "bucket": "orders", "region": "eu-west-1"})
    config = recording.of_type("ConfigMap")["demo-a-1"].inputs["data"]["agent-config.json"]
    assert json.loads(config)["channel"] == recording.one("Rollout").inputs["channel"]
    assert "demo-agents" not in recording.of_type("Role")


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr("pulumi_etcd.extras.importlib.metadata.version", missing)
    with pytest.raises(pulumi.RunError, match=r"install pulumi-etcd\[kubernetes\]"):
        recorded(agent={"image": AGENT, "version": "1.0.0"})


@pytest.mark.parametrize(
    ("args", "slots"),
    [
        ({"size": 1}, {"a-1": "a"}),
        ({"size": 5}, {"a-1": "a", "b-1": "b", "c-1": "c", "a-2": "a", "b-2": "b"}),
        ({"slots": {"a-1": "a", "b-2": "b", "c-1": "c"}}, {"a-1": "a", "b-2": "b", "c-1": "c"}),
        ({"zones": ["eu-west-1a"], "size": 1}, {"eu-west-1a-1": "eu-west-1a"}),
        ({"zones": None, "zone_numbers": {"a": 0, "c": 2, "d": 3}}, {"a-1": "a", "c-1": "c", "d-1": "d"}),
    ],
)
def test_members_stand_where_they_are_declared(args: dict[str, Any], slots: dict[str, str]) -> None:
    found = recorded(**args).of_type("StatefulSetMember").values()
    assert {each.inputs["slot"]: each.inputs["zone"] for each in found} == slots
