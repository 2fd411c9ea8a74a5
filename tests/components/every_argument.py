"""Arguments of all components: as few as there may be, and all that there are."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_etcd.wire import inner_type, is_optional
from tests.components import clusters, ec2, stateful_sets, static_pods
from tests.components.recorder import certificate

_MANY: dict[str, Any] = {
    "environment": "production",
    "cluster_domain": "k8s.example",
    "resources": {
        "etcd": {"cpu": "2", "memory": "1Gi", "memory_limit": "8Gi"},
        "agent": {"cpu": "100m", "memory": "200Mi", "memory_limit": "300Mi"},
    },
    "etcd": {
        "image": stateful_sets.ETCD, "version": "3.6.15", "quota_backend_bytes": 2**32, "heartbeat_interval_ms": 200,
        "election_timeout_ms": 2000, "snapshot_count": 5000, "auto_compaction_mode": "revision",
        "auto_compaction_retention": "1000", "max_request_bytes": 2**20, "max_learners": 2, "log_level": "warn",
        "extra_config": {"warning-apply-duration": 200_000_000},
    },
    "agent": {"image": stateful_sets.AGENT, "version": "9.9.9"},
    "volume_bytes": 2**35,
    "priority_class_name": "system-cluster-critical",
    "directory": "/srv/etcd-ops",
    "trust": {
        use: {
            "generations": [1, 2],
            "issuer": 2,
            "authorities": {"1": {"cert_pem": certificate("given"), "private_key_pem": "the key"}},
        }
        for use in ("peer", "client", "metrics")
    }
    | {"shared": True},
    "incarnation": 3,
    "renewal": {"validity_hours": 2000, "window_hours": 400},
    "authority_validity_hours": 50_000,
    "healing": {"automatic_replacements_per_day": 2},
    "mode": "observe-only",
    "adopt": True,
    "former_owner": "urn:pulumi:old::etcd::etcd:index:Rollout::demo",
    "allow_outage": True,
    "protect": {"volumes": True, "authorities": True},
    "deadline_seconds": 60.0,
}  # fmt: skip
"""Optional arguments that both components on Kubernetes have."""
_MIGRATED: dict[str, Any] = {
    "adopt": None,
    "migration": {
        "phase": "take-over",
        "members": {"old-0": {"peer_url": "https://old-0.example:2380", "client_url": "https://old-0.example:2379"}},
        "keep": ["old-0"],
    },
}
"""A cluster is adopted or moved over, never both."""
STATIC_AGENTS = "all, with agents that are static pods"
_BUCKET = {
    "kind": "s3", "bucket": "etcd", "prefix": "orders/", "region": "eu-west-1", "endpoint_url": "https://s3.example",
    "expected_account": "123456789012", "role_arn": "arn:aws:iam::123456789012:role/deploys",
}  # fmt: skip
_SETS: dict[str, Any] = {
    **_MANY,
    "storage_class": "fast",
    "storage_classes": {"a-1": "slow"},
    "pod_generation": 2,
    "tolerations": [
        {"key": "etcd", "operator": "Equal", "value": "only", "effect": "NoExecute", "toleration_seconds": 9},
        {"operator": "Exists"},
    ],
    "clients": [{"namespace_labels": {"team": "shop"}, "pod_labels": {"app": "shop"}}, {"namespace_labels": {}}],
    "metrics_clients": [{"namespace_labels": {"team": "watch"}, "pod_labels": {"app": "prometheus"}}],
}
_PODS: dict[str, Any] = {
    **_MANY,
    "slots": {"a-1": static_pods.place("a", 1, manifest_directory="/etc/static", data_directory="/srv/a")},
    "loopback": True,
    "base_port": 12379,
    "manifest_directory": "/etc/manifests",
    "data_directory": "/srv/etcd",
    "run_directory": "/run/etcd",
}
STATEFUL_SETS: Mapping[str, dict[str, Any]] = {
    "none": {},
    "one member": {"size": 1},
    "five members": {"size": 5},
    "nobody": {"clients": [], "metrics_clients": []},
    "all, by zones": {**_SETS, "zones": ["a", "b", "c"], "size": 3, "channel": {"kind": "kubernetes"}},
    "all, by slots": {
        **_SETS, **_MIGRATED, "zones": None,
        "zone_numbers": {"a": 0, "c": 2}, "slots": {"a-1": "a", "a-2": "a", "c-1": "c"},
        "channel": _BUCKET,
    },
}  # fmt: skip
"""Changes of the least arguments of a `StatefulSetCluster`."""
STATIC_PODS: Mapping[str, dict[str, Any]] = {
    "none": {},
    "all": {**_PODS, "channel": {"kind": "kubernetes"}},
    "all, with a bucket": {**_PODS, **_MIGRATED, "channel": _BUCKET, "credentials_file": "/root/.aws/credentials"},
    STATIC_AGENTS: {
        **_PODS, "channel": _BUCKET, "credentials_file": "/root/.aws/credentials",
        "agent": {**_MANY["agent"], "kind": "static-pod"}, "manifest_url_port": 12390,
        "adopted_manifest": "etcd-member.yaml",
    },
    f"a channel in another cluster; {STATIC_AGENTS}": {
        **_PODS, "agent": {**_MANY["agent"], "kind": "static-pod"}, "kubeconfig_file": "/etc/etcd-ops.kubeconfig",
        "channel": {
            "kind": "kubernetes", "namespace": "channels", "cluster": "orders", "kubeconfig": "/home/me/.kube/config",
            "context": "operations", "namespace_uid": "11111111-2222-3333-4444-555555555555",
        },
    },
}  # fmt: skip
"""Changes of the least arguments of a `StaticPodCluster`."""
_LOCAL: dict[str, Any] = {
    **{name: value for name, value in _MANY.items() if name not in ("cluster_domain", "resources",
                                                                    "priority_class_name", "directory")},
    "etcd": {**{name: value for name, value in _MANY["etcd"].items() if name != "image"},
             "path": clusters.PROGRAM.source},
    "agent": {"version": "9.9.9", "command": ["/usr/bin/etcd-ops"]},
    "addressing": {"mode": "zones", "network": "127.0.20", "base_port": 12379},
    "keep_volumes": True,
}  # fmt: skip
LOCAL: Mapping[str, dict[str, Any]] = {
    "none": {},
    "all, by zones": {**_LOCAL, "zones": ["a", "b", "c"], "size": 3, "channel": _BUCKET},
    "all, by slots": {
        **_LOCAL, **_MIGRATED, "zone_numbers": {"a": 0, "c": 2}, "slots": {"a-1": "a", "a-2": "a", "c-1": "c"},
        "channel": {
            "kind": "kubernetes", "namespace": "etcd", "cluster": "orders", "kubeconfig": "/etc/kubeconfig",
            "context": "operations", "namespace_uid": stateful_sets.UID,
        },
    },
    "all, on one address": {
        **_LOCAL, "addressing": {"mode": "ports", "address": "127.0.0.2"},
        "channel": {"kind": "directory", "directory": "/srv/channel"},
    },
}  # fmt: skip
"""Changes of the least arguments of a `LocalCluster`."""
_ON_AWS: dict[str, Any] = {
    **{name: value for name, value in _MANY.items() if name not in ("cluster_domain", "resources", "volume_bytes",
                                                                    "priority_class_name")},
    "etcd": {**{name: value for name, value in _MANY["etcd"].items() if name != "image"}, "program": ec2.PROGRAM},
    "agent": {"archive": ec2.ARCHIVE, "version": "9.9.9"},
    "volume": {"size_bytes": 2**36, "iops": 6000, "throughput_mibps": 250},
    "root_device": "/dev/sda1",
    "kms_key_arn": ec2.KEY,
    "bucket": "somewhere-else",
    "private_zone": "etcd.example.internal",
    "clients": {"security_groups": ["sg-1"], "cidrs": ["10.1.0.0/16", "fd00::/8"]},
    "metrics_clients": {"security_groups": ["sg-2"], "cidrs": ["10.2.0.0/16"]},
    "load_balancer": {"subnets": {zone: f"subnet-2{zone[-1]}" for zone in ec2.ZONES}, "deletion_protection": True},
    "alarms": {"topic_arn": "arn:aws:sns:eu-central-1:123456789012:etcd"},
    "session_manager": False,
    "permissions_boundary": "arn:aws:iam::123456789012:policy/boundary",
    "tags": {"team": "storage"},
    "role_arn": "arn:aws:iam::123456789012:role/deployer",
    "endpoint_url": "http://127.0.0.1:5000",
    "protect": {"volumes": True, "authorities": True, "bucket": True},
}  # fmt: skip
EC2: Mapping[str, dict[str, Any]] = {
    "none": {},
    "one member": {"size": 1},
    "five members": {"size": 5},
    "a network that is there": {"network": ec2.GIVEN},
    "a load balancer in it": {"network": ec2.GIVEN, "load_balancer": {}},
    "all, by zones": {**_ON_AWS, "size": 3},
    "all, by slots": {
        **_ON_AWS, **_MIGRATED, "zones": None, "zone_numbers": {ec2.ZONES[0]: 0, ec2.ZONES[2]: 2},
        "slots": {"a-1": ec2.ZONES[0], "a-2": ec2.ZONES[0], "c-1": ec2.ZONES[2]}, "network": ec2.GIVEN_TWO,
        "origin": {"security_groups": ["sg-3"], "cidrs": ["10.3.0.0/16"]},
    },
}  # fmt: skip
"""Changes of the least arguments of an `Ec2Cluster`."""
ON_MACHINES = {"channel.directory"}
"""Optional arguments that no cluster on Kubernetes takes."""
ELSEWHERE = {f"channel.{each}" for each in ("namespace", "cluster", "kubeconfig", "context", "namespace_uid")}
"""Those of a channel in another Kubernetes cluster, which is for static pods alone."""


def optional(shape: type, prefix: str = "") -> Iterator[str]:
    """Paths of all optional arguments of a TypedDict, and of those inside it; items of lists and maps are left out."""
    for name, annotation in shape.__annotations__.items():
        if is_optional(annotation):
            yield f"{prefix}{name}"
        if (inside := _shape(annotation)) is not None:
            yield from optional(inside, f"{prefix}{name}.")


def given(arguments: Mapping[str, Any], shape: type, prefix: str = "") -> Iterator[str]:
    """Paths of the arguments that are given, in the same form."""
    for name, value in arguments.items():
        if value is None:
            continue
        yield f"{prefix}{name}"
        if (inside := _shape(shape.__annotations__[name])) is not None:
            for each in _items(value, inside):
                yield from given(each, inside, f"{prefix}{name}.")


def _shape(annotation: Any) -> type | None:
    """The TypedDict in an annotation, or in a list or a map of them."""
    kind = inner_type(annotation)
    if typing.is_typeddict(kind):
        found: type = kind
        return found
    arguments = typing.get_args(kind)
    return _shape(arguments[-1]) if arguments else None


def _items(value: Any, shape: type) -> list[Any]:
    if isinstance(value, Mapping):
        return [value] if value.keys() <= shape.__annotations__.keys() else list(value.values())
    return list(value)
