"""Agents that are static pods themselves: nothing about them needs an API server, except that they are put there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.channel.connect import parse as connect
from etcd_ops.model.problems import Invalid
from etcd_ops.pod import places
from etcd_ops.static_pod.manifest import template_of
from pulumi_etcd.kubernetes.manifests import Manifest
from pulumi_etcd.static_pods import plan
from pulumi_etcd.static_pods.declaration import Declaration, contract
from pulumi_etcd.static_pods.installation import installation_pod
from tests.components.recorder import Recording
from tests.components.stateful_sets import AGENT, KEY
from tests.components.static_pods import ARGS, declaration, labels, recorded, slots

SLOTS = ("a-1", "b-1", "c-1")
CHANNEL_VOLUMES = ("aws", "kubeconfig")
CHANNEL = {"kind": "s3", "bucket": "channels", "prefix": "orders/", "region": "eu-west-1"}
STATIC: dict[str, Any] = {"agent": {**ARGS["agent"], "kind": "static-pod"}, "channel": CHANNEL}
FILE = "/root/.aws/credentials"
ELSEWHERE = {
    "kind": "kubernetes",
    "namespace": "etcd-channels",
    "namespace_uid": "11111111-2222-3333-4444-555555555555",
    "kubeconfig": "/home/me/operations.kubeconfig",
    "context": "operations",
}
"""A channel in another Kubernetes cluster."""
THERE: dict[str, Any] = {**STATIC, "channel": ELSEWHERE, "kubeconfig_file": "/etc/etcd-ops.kubeconfig"}

channels = st.sampled_from([STATIC, {**STATIC, "credentials_file": FILE}, THERE])
"""What agents reach it with: the role of their node, or a file."""
clusters = st.builds(
    lambda name, channel, **changes: declaration(name, **channel, **changes),
    labels,
    channels,
    slots=slots(),
    data_directory=st.none() | st.just("/srv/etcd"),
    manifest_url_port=st.none() | st.just(2390),
)


def told(this: Declaration) -> Iterator[tuple[str, dict[str, str]]]:
    """By slot: what its agent is told."""
    for slot in this.slots:
        yield slot.name, plan.installed(this, slot)


def pods(files: dict[str, str]) -> tuple[Manifest, Manifest]:
    """The agent's static pod, and etcd's."""
    return json.loads(files[places.AGENT_POD]), json.loads(files[places.STATIC_POD])


@given(clusters)
def test_no_pod_asks_an_api_server_for_anything(this: Declaration) -> None:
    """Kubelets refuse static pods that do (Kubernetes, Tasks, "Create static Pods")."""
    for _, files in told(this):
        for pod in pods(files):
            assert {next(key for key in each if key != "name") for each in pod["spec"]["volumes"]} <= {
                "hostPath",
                "emptyDir",
            }
            assert "serviceAccountName" not in pod["spec"]
            assert pod["spec"]["automountServiceAccountToken"] is False
            assert "nodeSelector" not in pod["spec"]


@given(clusters)
def test_the_document_names_both_pods(this: Declaration) -> None:
    for slot, files in told(this):
        member = this.spec.members[slot]
        assert template_of(files[places.AGENT_POD].encode()) == member.agent_template
        assert template_of(files[places.STATIC_POD].encode()) == member.template


@given(clusters)
def test_what_is_told_is_where_the_agent_looks(this: Declaration) -> None:
    for slot, files in told(this):
        agent, _ = pods(files)
        config, node = json.loads(files[places.CONFIG.name]), this.nodes[slot]
        paths = {each["name"]: each["hostPath"]["path"] for each in agent["spec"]["volumes"] if "hostPath" in each}
        mounted = {each["name"]: each["mountPath"] for each in agent["spec"]["containers"][0]["volumeMounts"]}
        for each in ("credentials", "authorities"):
            assert config["delivery"][each] == mounted[each]
            assert paths[each] == f"{node.paths.delivered}/{each}"
        assert mounted["config"] == str(places.CONFIG.parent)
        assert paths["manifests"] == node.paths.manifests
        assert config["agentStaticPod"] == {"manifests": mounted["manifests"], "file": node.paths.agent_file}
        assert node.paths.file != node.paths.agent_file
        if node.paths.url_port:
            assert config["staticPod"] == {"port": node.paths.url_port}
        else:
            assert config["staticPod"] == {"manifests": mounted["manifests"], "file": node.paths.file}
        assert config["channel"] == dict(this.agents_channel)
        assert "agentPod" not in config


@given(clusters)
def test_files_and_names_are_of_one_member_each(this: Declaration) -> None:
    paths = [this.nodes[slot.name].paths for slot in this.slots]
    files = {file for each in paths for file in (each.file, each.agent_file)}
    assert len(files) == 2 * len(this.slots)
    assert len({each.delivered for each in paths} | {each.volume for each in paths}) == 2 * len(this.slots)


@given(clusters)
def test_whoever_speaks_to_the_channel_has_the_credentials(this: Declaration) -> None:
    """The agent, and etcd's launcher; nobody where the node's role is used."""
    file = this.pods.channel_file
    for _, files in told(this):
        for pod in pods(files):
            (container,) = pod["spec"]["containers"]
            names = {each["name"]: each.get("value") for each in container["env"]}
            seen = {each["name"]: each for each in container["volumeMounts"] if each["name"] in CHANNEL_VOLUMES}
            volumes = [each for each in pod["spec"]["volumes"] if each["name"] in CHANNEL_VOLUMES]
            paths = {each["name"]: each["hostPath"] for each in volumes}
            assert paths == ({file.volume: {"path": file.path, "type": "File"}} if file else {})
            assert seen.keys() == paths.keys()
            assert all(each["readOnly"] for each in seen.values())
            aws, kubeconfig = (seen[each]["mountPath"] if each in seen else None for each in CHANNEL_VOLUMES)
            assert names.get("AWS_SHARED_CREDENTIALS_FILE") == aws
            assert json.loads(files[places.CONFIG.name])["channel"].get("kubeconfig") == kubeconfig


def test_agents_reach_another_cluster_by_their_own_file_and_whoever_runs_pulumi_by_theirs() -> None:
    this = declaration(**THERE)
    assert connect(this.channel).connect() is not None
    assert dict(this.agents_channel) == {**this.channel, "kubeconfig": "/etc/etcd-ops/kubeconfig"}
    assert this.channel["cluster"] == this.name
    assert this.channel["kubeconfig"] == ELSEWHERE["kubeconfig"]


def _there(**changes: str) -> dict[str, Any]:
    return {**THERE, "channel": {**ELSEWHERE, **changes}}


REFUSED = [
    ({**THERE, "kubeconfig_file": None}, "kubeconfigFile: missing: static pods have no account at an API server"),
    ({**THERE, "kubeconfig_file": "kubeconfig"}, "kubeconfigFile: "),
    ({**STATIC, "kubeconfig_file": FILE}, "kubeconfigFile: only agents of kind static-pod with a channel of kind kub"),
    ({"kubeconfig_file": FILE}, "kubeconfigFile: only agents of kind static-pod with a channel of kind kubernetes"),
    ({**THERE, "channel": {**ELSEWHERE, "context": ""}}, "channel.context: missing: static pods have no account"),
    (_there(namespace_uid=ARGS["namespace_uid"]), "channel.namespaceUid: leads to the API server of the agents' own"),
    (_there(kubeconfig=ARGS["kubeconfig"], context=ARGS["context"]), "channel.context: leads to the API server of"),
    ({"agent": {**STATIC["agent"], "kind": "unit"}, "channel": CHANNEL}, "agent.kind: there is no kind 'unit'"),
    ({"credentials_file": FILE}, "credentialsFile: only a channel of kind s3 needs it"),
    ({**STATIC, "credentials_file": "aws/credentials"}, "credentialsFile: "),
    ({"manifest_url_port": 2390}, "manifestUrlPort: an agent that a DaemonSet makes needs the API server"),
    ({**STATIC, "manifest_url_port": 2382}, "manifestUrlPort: the member itself listens on 2379 to 2382"),
    ({**STATIC, "manifest_url_port": 70_000}, "manifestUrlPort: 70000 is not between 1 and 65535"),
]


def test_a_channel_in_a_cluster_that_nobody_names_is_refused() -> None:
    for channel in (None, {"kind": "kubernetes"}):
        with pytest.raises(Invalid) as refused:
            declaration(**{**STATIC, "channel": channel})
        paths = {each.path for each in refused.value.problems}
        wanted = {f"channel.{each}" for each in ("namespace", "namespaceUid", "kubeconfig", "context")}
        assert paths == {*wanted, "kubeconfigFile"}


@pytest.mark.parametrize(("changes", "problem"), REFUSED)
def test_what_cannot_be(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(Invalid) as refused:
        declaration(**changes)
    assert [problem in str(each) for each in refused.value.problems] == [True]


@pytest.fixture(scope="module")
def recording() -> Recording:
    return recorded(**STATIC)


def test_an_agent_is_installed_once_its_member_is_recorded(recording: Recording) -> None:
    installed = recording.of_type("StaticPodInstallation")
    assert set(installed) == {f"demo-{slot}-agent" for slot in SLOTS}
    for slot in SLOTS:
        inputs = recording.of_type("StaticPodMember")[f"demo-{slot}"].inputs
        assert inputs["agentFile"] == installed[f"demo-{slot}-agent"].inputs["file"]
    assert not recording.of_type("DaemonSet")
    kinds = {each.inputs.get("kind") for each in recording.resources if "kubernetes:" in each.type}
    assert not kinds & {"Secret", "ConfigMap", "Role", "ServiceAccount", "DaemonSet"}


def test_keys_are_secret(recording: Recording) -> None:
    installed = recording.of_type("StaticPodInstallation")["demo-a-1-agent"]
    assert {("files", "credentials", f"{use}.key") for use in ("peer", "server", "metrics", "agent")} <= {
        path[:3] for path in installed.secrets
    }


def test_agents_take_no_role_of_whoever_runs_pulumi() -> None:
    this = declaration(agent=STATIC["agent"], channel={**CHANNEL, "role_arn": "arn:aws:iam::123456789012:role/deploys"})
    assert this.channel["roleArn"]
    for _, files in told(this):
        assert "roleArn" not in json.loads(files[places.CONFIG.name])["channel"]


def test_contracts_tell_what_runs_agents() -> None:
    assert contract(declaration(**STATIC))["agentKind"] == "static-pod"
    assert contract(declaration())["agentKind"] == "daemon-set"


def test_the_installing_pod_takes_every_file_by_a_name_of_its_own() -> None:
    files = {"config": {"agent-config.json": "{}"}, "credentials": {"peer.key": KEY, "peer.crt": KEY}}
    inputs = {
        "name": "demo-a-1-agent", "namespace": "orders", "slot": "a-1", "node": "node-a", "image": AGENT,
        "manifests": "/etc/static", "file": "orders.demo.a-1.agent.json", "delivered": "/srv/d.delivered",
        "files": files,
    }  # fmt: skip
    pod = installation_pod(inputs, "0f", anew=True)
    items = pod["spec"]["volumes"][0]["secret"]["items"]
    assert {each["path"] for each in items} == {f"{folder}/{file}" for folder in files for file in files[folder]}
    assert len({each["key"] for each in items}) == len(items) == 3
    assert pod["spec"]["containers"][0]["command"][-1] == "--anew"
    paths = {each["name"]: each["hostPath"]["path"] for each in pod["spec"]["volumes"] if "hostPath" in each}
    assert (paths["delivered"], paths["volume"]) == ("/srv/d.delivered", "/srv/d")
    assert {"name": "volume", "mountPath": str(places.VOLUME)} in pod["spec"]["containers"][0]["volumeMounts"]


def test_the_installing_pod_is_given_the_volume_of_the_member(recording: Recording) -> None:
    """Only where an agent is installed anew."""
    inputs = recording.of_type("StaticPodInstallation")["demo-a-1-agent"].inputs
    agent = json.loads(inputs["files"]["config"][places.AGENT_POD])
    (data,) = (each["hostPath"]["path"] for each in agent["spec"]["volumes"] if each["name"] == "data")
    for anew in (True, False):
        volumes = installation_pod(inputs, "0f", anew=anew)["spec"]["volumes"]
        assert [each["hostPath"]["path"] for each in volumes if each["name"] == "volume"] == [data] * anew


def test_kubeadm_is_told_where_the_cluster_is(recording: Recording) -> None:
    outputs = recording.outputs["demo"]
    told = yaml.safe_load(outputs["kubeadmConfiguration"])
    assert (told["kind"], told["etcd"]["external"]["endpoints"]) == ("ClusterConfiguration", outputs["endpoints"])
    client = "demo-kube-apiserver-etcd-client-1"
    asked = {name: value for each in recording.resources if each.name == client for name, value in each.inputs.items()}
    assert asked["subject"]["commonName"] == "kube-apiserver-etcd-client"
    assert asked["caCertPem"] == outputs["caBundle"]
    assert outputs["apiServerCredential"]["value"]["certPem"].startswith("-----BEGIN CERTIFICATE-----")


ADOPTED: dict[str, Any] = {**STATIC, "adopt": True, "loopback": True, "data_directory": "/var/lib/etcd"}


def test_an_agent_that_adopts_sees_both_places_through_one_mount() -> None:
    """Between two mounts nothing can change places, be they of the same file system."""
    this = declaration(**ADOPTED)
    for slot, files in told(this):
        agent, member = pods(files)
        config = json.loads(files[places.CONFIG.name])
        volume = this.nodes[slot].paths.volume
        assert config["adopted"] == {
            "manifest": f"{places.MANIFESTS}/etcd.yaml",
            "data": str(places.ADOPTED),
            "volume": volume.removeprefix("/var/lib/etcd/"),
        }
        paths = {each["name"]: each["hostPath"]["path"] for each in agent["spec"]["volumes"] if "hostPath" in each}
        mounted = {each["name"]: each["mountPath"] for each in agent["spec"]["containers"][0]["volumeMounts"]}
        assert (paths["adopted"], mounted["adopted"]) == ("/var/lib/etcd", str(places.ADOPTED))
        assert "/var/lib/etcd" not in [each.get("hostPath", {}).get("path") for each in member["spec"]["volumes"]]


def test_once_nothing_is_adopted_nobody_sees_more_than_the_volume() -> None:
    for _, files in told(declaration(**ADOPTED | {"adopt": None})):
        assert "adopted" not in json.loads(files[places.CONFIG.name])
        assert all(each["name"] != "adopted" for each in pods(files)[0]["spec"]["volumes"])


@given(clusters)
def test_no_agent_names_a_port(this: Declaration) -> None:
    """kubeadm's etcd names 2381, and kubelets refuse a second pod that does (NodePorts in pkg/scheduler)."""
    for _, files in told(this):
        assert all("ports" not in each for each in pods(files)[0]["spec"]["containers"])


@pytest.mark.parametrize(("address", "expected"), [("10.0.1.1", "127.0.0.1"), ("fd00::1", "[::1]")])
def test_members_listen_on_loopback_where_that_is_declared(address: str, expected: str) -> None:
    changed = {slot: {**each, "address": address} for slot, each in list(ARGS["slots"].items())[:1]}
    this = declaration(**STATIC, slots=changed, loopback=True)
    assert this.spec.members["a-1"].loopback_url == f"https://{expected}:2379"
    assert expected.strip("[]") in this.hosts()["a-1"]
    assert declaration(**STATIC).spec.members["a-1"].loopback_url == ""


def test_a_node_may_have_its_volume_elsewhere() -> None:
    changed = {**ARGS["slots"], "b-1": {**ARGS["slots"]["b-1"], "data_directory": "/disk/etcd"}}
    this = declaration(**ADOPTED | {"slots": changed})
    found = dict(told(this))
    assert this.nodes["b-1"].paths.volume.startswith("/disk/etcd/")
    assert json.loads(found["b-1"][places.CONFIG.name])["adopted"]["volume"] == "orders.demo/b-1"
    assert this.nodes["a-1"].paths.volume.startswith("/var/lib/etcd/")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"data_directory": None}, "dataDirectory: volumes have to be in the data directory"),
        ({"loopback": None}, "loopback: API servers that kubeadm made reach etcd on loopback"),
        ({"adopted_manifest": "../etcd.yaml"}, "adoptedManifest: '../etcd.yaml' is not the name of a file"),
        ({"adopted_manifest": ".etcd.yaml"}, "adoptedManifest: '.etcd.yaml' is not the name of a file"),
        ({"adopt": None, "adopted_manifest": "etcd.yaml"}, "adoptedManifest: nothing is adopted from it"),
        ({"agent": ARGS["agent"], "adopted_manifest": "etcd.yaml"}, "adoptedManifest: nothing is adopted from it"),
    ],
)
def test_an_adoption_that_could_not_go_well_is_refused(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(Invalid) as refusal:
        declaration(**ADOPTED | changes)
    assert any(str(each).startswith(expected) for each in refusal.value.problems), refusal.value.problems
