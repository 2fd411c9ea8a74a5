"""StatefulSetClusters that cannot work are refused before anything is registered, with every problem by its path."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from tests.components.stateful_sets import AGENT, ETCD, recorded

CASES: list[tuple[dict[str, Any], str]] = [
    ({"namespace": None}, "namespace: must be given"),
    ({"namespace": "Orders"}, "namespace: "),
    ({"namespace_uid": None}, "namespaceUid: must be given"),
    ({"namespace_uid": ""}, "namespaceUid: must not be empty"),
    ({"namespace_uid": "1"}, "namespaceUid: "),
    ({"kubeconfig": "relative"}, "kubeconfig: give an absolute path"),
    ({"kubeconfig": ""}, "kubeconfig: must not be empty"),
    ({"context": ""}, "context: must not be empty"),
    ({"zones": None}, "zones: must be given; name those of the nodes' label"),
    ({"zones": []}, "zones: there is none"),
    ({"zones": ["A"]}, "zones: 'A' is not a name"),
    ({"zone_numbers": {"a": 0}}, "zoneNumbers: cannot be given beside zones"),
    ({"size": 2}, "size: 2 members tolerate no more failures than 1"),
    ({"slots": {"a-1": "z"}}, "slots.a-1: there is no zone 'z'"),
    ({"zones": ["z" * 47]}, "the resource's name: its StatefulSet demo-zz"),
    ({"slots": {f"{'s' * 46}-1": "a"}}, f"slots.{'s' * 46}-1: its StatefulSet demo-ss"),
    ({"volume_bytes": 1024**3}, "volumeBytes: "),
    ({"storage_class": "Fast!"}, "storageClass: 'Fast!' is not a name"),
    ({"priority_class_name": ""}, "priorityClassName: '' is not a name"),
    ({"storage_classes": {"b-1": "a class"}}, "storageClasses.b-1: 'a class' is not a name"),
    ({"storage_classes": {"b-9": "slow"}}, "storageClasses.b-9: there is no such slot; the slots are a-1, b-1, c-1"),
    ({"pod_generation": -1}, "podGeneration: must not be negative"),
    ({"cluster_domain": "Cluster.Local"}, "clusterDomain: "),
    ({"cluster_domain": "cluster.local."}, "clusterDomain: "),
    ({"cluster_domain": ".".join(["d" * 58] * 4), "size": 1}, "size: its host name demo-a-1-0"),
    ({"etcd": None}, "etcd: must be given"),
    ({"etcd": {"version": "3.6.15"}}, "etcd.image: must be given"),
    ({"etcd": {"image": "gcr.io/etcd-development/etcd:v3.6.15"}}, "etcd.image: 'gcr.io/etcd-development/etcd:v3.6.15'"),
    ({"etcd": {"image": f"{ETCD}0"}}, "etcd.image: "),
    ({"etcd": {"image": ETCD.upper()}}, "etcd.image: "),
    ({"etcd": {"image": ETCD, "version": "3.4.30"}}, "etcd.version: "),
    ({"etcd": {"image": ETCD, "path": "/usr/bin/etcd"}}, "etcd.path: there is no such argument"),
    ({"etcd": {"image": ETCD, "log_level": "loud"}}, "etcd.logLevel: "),
    ({"agent": None}, "agent: must be given"),
    ({"agent": {"image": "agent"}}, "agent.image: 'agent' is not pinned"),
    ({"agent": {"image": AGENT, "version": " "}}, "agent.version: "),
    ({"channel": {"kind": "directory", "directory": "/c"}}, "channel.kind: members in pods reach no directory"),
    ({"channel": {"kind": "kubernetes", "namespace": "other"}}, "channel.namespace: follows from the arguments"),
    ({"channel": {"kind": "s3", "region": "eu-west-1"}}, "channel.bucket: "),
    ({"channel": {"kind": "pigeon"}}, "channel: "),
    ({"directory": "relative"}, "directory: relative is not absolute"),
    ({"resources": {"etcd": {"cpu": "much"}}}, "resources.etcd.cpu: 'much' is not an amount"),
    ({"resources": {"etcd": {"memory": "0Mi"}}}, "resources.etcd.memory: '0Mi' is not an amount above zero"),
    ({"resources": {"agent": {"memory": "1Gi"}}}, "resources.agent.memoryLimit: 256Mi is less than the 1Gi"),
    ({"resources": {"agent": {"cpu_limit": "1"}}}, "resources.agent.cpuLimit: there is no such argument"),
    ({"tolerations": [{"operator": "Sometimes", "key": "k"}]}, "tolerations[0].operator: 'Sometimes' is none of"),
    ({"tolerations": [{"value": "v"}]}, "tolerations[0].operator: must be Exists where no key is given"),
    ({"tolerations": [{"key": "k", "operator": "Exists", "value": "v"}]}, "tolerations[0].value: "),
    ({"tolerations": [{"key": "k", "effect": "Never"}]}, "tolerations[0].effect: 'Never' is none of"),
    ({"tolerations": [{"key": "k", "toleration_seconds": 5}]}, "tolerations[0].tolerationSeconds: "),
    ({"clients": [{"pod_labels": {"a b": "c"}}]}, "clients[0].podLabels.a b: a b=c is not a label"),
    ({"metrics_clients": [{"labels": {}}]}, "metricsClients[0].labels: there is no such argument"),
    ({"keep_volumes": True}, "keepVolumes: there is no such argument"),
    ({"trust": {"client": {"generations": [1, 2]}}}, "trust.client.issuer: must be given"),
    ({"mode": "retiring"}, "mode: 'retiring' is none of active, paused, observe-only"),
    ({"authority_validity_hours": 24}, "authorityValidityHours: "),
    ({"deadline_seconds": 0}, "deadlineSeconds: "),
]  # fmt: skip


def lines(refusal: pytest.ExceptionInfo[pulumi.RunError]) -> list[str]:
    return [line.strip() for line in str(refusal.value).splitlines()[1:]]


@pytest.mark.parametrize(("args", "expected"), CASES, ids=[repr(args) for args, _ in CASES])
def test_each_is_refused_in_a_preview(args: dict[str, Any], expected: str) -> None:
    with pytest.raises(pulumi.RunError) as refusal:
        recorded(preview=True, **args)
    assert any(line.startswith(expected) for line in lines(refusal)), lines(refusal)


@pytest.mark.parametrize("args", [case for case, _ in CASES if len(case) == 1], ids=repr)
def test_one_mistake_is_told_once(args: dict[str, Any]) -> None:
    with pytest.raises(pulumi.RunError) as refusal:
        recorded(preview=True, **args)
    paths = [line.split(": ", 1)[0] for line in lines(refusal)]
    assert len(paths) == len(set(paths))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Demo", "the resource's name: "),
        ("x" * 64, "the resource's name: "),
        ("1demo", "the resource's name: names of Services begin with a letter"),
        ("x" * 49, "the resource's name: its StatefulSet xxx"),
    ],
)
def test_the_name_has_to_fit_everything_that_has_it(name: str, expected: str) -> None:
    with pytest.raises(pulumi.RunError) as refusal:
        recorded(name)
    assert any(line.startswith(expected) for line in lines(refusal)), lines(refusal)


def test_all_problems_are_told_at_once() -> None:
    bad: dict[str, Any] = {
        "namespace_uid": "1",
        "size": 4,
        "etcd": {"image": "etcd", "log_level": "loud"},
        "trust": {"peer": {"generations": [1, 2]}},
        "channel": {"kind": "s3"},
        "resources": {"agent": {"cpu": "much"}},
        "mode": "asleep",
    }
    with pytest.raises(pulumi.RunError) as refusal:
        recorded(**bad)
    paths = {line.split(": ", 1)[0] for line in lines(refusal)}
    assert paths == {
        "namespaceUid", "size", "etcd.image", "etcd.logLevel", "trust.peer.issuer", "channel.bucket",
        "channel.region", "resources.agent.cpu", "mode",
    }  # fmt: skip


def test_a_good_one_is_not() -> None:
    assert recorded().of_type("StatefulSetCluster")
