"""Declarations that cannot work are refused before anything is registered, with every problem by its path."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from pulumi_etcd import LocalCluster
from pulumi_etcd.local import cluster
from tests.components.clusters import declared, find
from tests.components.recorder import record

GIB = 1024**3
ORIGIN = {"etcd-0": {"peer_url": "https://10.1.0.1:2380", "client_url": "https://10.1.0.1:2379"}}
CASES: list[tuple[dict[str, Any], str]] = [
    ({"directory": "relative/path"}, "directory: relative/path is not absolute"),
    ({"directory": "/tmp/a[b]"}, "directory: "),
    ({"directory": '/tmp/a"b'}, "directory: "),
    ({"environment": "Prod!"}, "environment: "),
    ({"zones": []}, "zones: there is none"),
    ({"zones": ["a", "a", "b"]}, "zones: 'a' is named 2 times"),
    ({"zones": ["A", "b", "c"]}, "zones: 'A' is not a name"),
    ({"zones": ["a"], "zone_numbers": {"a": 0}}, "zoneNumbers: cannot be given beside zones"),
    ({"zone_numbers": {"a": 0, "b": 0, "c": 1}}, "zones: the number 0 is not one zone's"),
    ({"size": 0}, "size: "),
    ({"size": 2}, "size: 2 members tolerate no more failures than 1"),
    ({"size": 4}, "size: 4 members"),
    ({"size": 9}, "size: 9 members make every write slow"),
    ({"size": 3, "slots": {"a-1": "a"}}, "slots: cannot be given beside size"),
    ({"slots": {"a-1": "a", "b-1": "b"}}, "slots: 2 members"),
    ({"slots": {"a": "a"}}, "slots.a: the name does not end in an ordinal"),
    ({"slots": {"a-1": "z"}}, "slots.a-1: there is no zone 'z'"),
    ({"slots": {"a-1": "a", "x-1": "a", "c-1": "c"}}, "slots.x-1: a-1 is number 1 of zone a already"),
    ({"volume_bytes": 0}, "volumeBytes: "),
    ({"volume_bytes": GIB}, "volumeBytes: "),
    ({"etcd": {"version": "three"}}, "etcd.version: "),
    ({"etcd": {"version": "3.4.30"}}, "etcd.version: "),
    ({"etcd": {"version": "3.6.1"}}, "etcd.version: 3.6.1 is not safe to operate"),
    ({"etcd": {"version": "3.6.99"}}, "etcd.version: etcd 3.6.99 is not pinned here"),
    ({"etcd": {"quota_backend_bytes": -1}}, "etcd.quotaBackendBytes: "),
    ({"etcd": {"quota_backend_bytes": 1.5}}, "etcd.quotaBackendBytes: must be a whole number, not 1.5"),
    ({"etcd": {"heartbeat_interval_ms": 500}}, "etcd.electionTimeoutMs: "),
    ({"etcd": {"election_timeout_ms": 100_000}}, "etcd.electionTimeoutMs: "),
    ({"etcd": {"snapshot_count": 0}}, "etcd.snapshotCount: "),
    ({"etcd": {"auto_compaction_mode": "sometimes"}}, "etcd.autoCompactionMode: "),
    ({"etcd": {"auto_compaction_retention": "soon"}}, "etcd.autoCompactionRetention: "),
    ({"etcd": {"max_request_bytes": 3 * GIB}}, "etcd.maxRequestBytes: "),
    ({"etcd": {"log_level": "loud"}}, "etcd.logLevel: "),
    ({"etcd": {"extra_config": {"no-such-key": 1}}}, "etcd.extraConfig.no-such-key: "),
    ({"etcd": {"extra_config": {"data-dir": "/elsewhere"}}}, "etcd.extraConfig.data-dir: "),
    ({"etcd": {"qouta": 1}}, "etcd.qouta: there is no such argument"),
    ({"addressing": {"mode": "carrier"}}, "addressing.mode: "),
    ({"addressing": {"network": "10.0.0"}}, "addressing"),
    ({"addressing": {"base_port": 70_000}}, "addressing"),
    ({"addressing": {"mode": "ports", "address": "192.168.1.1"}}, "addressing"),
    ({"channel": {"kind": "pigeon"}}, "channel: "),
    ({"channel": {"kind": "directory", "directory": "here"}}, "channel.directory: give an absolute path"),
    ({"channel": {"kind": "s3", "region": "eu-west-1"}}, "channel.bucket: "),
    ({"trust": {"peer": {"generations": []}}}, "trust.peer.generations: "),
    ({"trust": {"peer": {"generations": [0]}}}, "trust.peer.generations: "),
    ({"trust": {"client": {"generations": [1, 2]}}}, "trust.client.issuer: must be given"),
    ({"trust": {"metrics": {"generations": [2], "issuer": 1}}}, "trust.metrics.issuer: must be one of"),
    ({"trust": {"clients": {"issuer": 1}}}, "trust.clients: there is no such argument"),
    ({"incarnation": 0}, "incarnation: "),
    ({"renewal": {"validity_hours": 100, "window_hours": 50}}, "renewal.windowHours: "),
    ({"renewal": {"validity_hours": 0, "window_hours": 0}}, "renewal."),
    ({"authority_validity_hours": 0}, "authorityValidityHours: "),
    ({"authority_validity_hours": 24}, "authorityValidityHours: "),
    ({"healing": {"automatic_replacements_per_day": -1}}, "healing.automaticReplacementsPerDay: "),
    ({"mode": "retiring"}, "mode: 'retiring' is none of active, paused, observe-only"),
    ({"deadline_seconds": 0}, "deadlineSeconds: "),
    ({"deadline_seconds": "soon"}, "deadlineSeconds: "),
    ({"agent": {"version": "", "command": ["x"]}}, "agent.version: "),
    ({"agent": {"version": "1", "command": []}}, "agent.command: "),
    ({"migration": {"phase": "jump", "members": ORIGIN}}, "migration.phase: "),
    ({"migration": {"phase": "join", "members": {}}}, "migration.members: must not be empty"),
    ({"migration": {"phase": "join"}}, "migration.members: must be given"),
    ({"migration": {"phase": "join", "members": ORIGIN, "keep": ["x"]}}, "migration.keep: x is none of"),
    ({"migration": {"phase": "join", "members": ORIGIN}, "adopt": True}, "adopt: "),
    ({"protekt": {}}, "protekt: there is no such argument; did you mean protect?"),
    ({"keepVolumes": True}, "keepVolumes: there is no such argument; did you mean keep_volumes?"),
    (
        {"channel": {"kind": "s3", "bucket": "b", "endpointUrl": "http://127.0.0.1:1"}},
        "channel.endpointUrl: there is no such argument; did you mean endpoint_url?",
    ),
    ({"size": "three"}, "size: must be a whole number, not 'three'"),
    ({"size": True}, "size: must be a whole number, not True"),
    ({"zones": "abc"}, "zones: must be a list, not 'abc'"),
    ({"zones": ["a", 2]}, "zones[1]: must be a string, not 2"),
    ({"slots": ["a-1"]}, "slots: must be an object"),
    ({"zone_numbers": {"a": "first"}}, "zoneNumbers.a: must be a whole number, not 'first'"),
    ({"etcd": "3.6.15"}, "etcd: must be an object, not '3.6.15'"),
    ({"keep_volumes": "yes"}, "keepVolumes: must be true or false, not 'yes'"),
    ({"trust": {"peer": {"generations": [1, "2"]}}}, "trust.peer.generations[1]: must be a whole number"),
    ({"channel": {}}, "channel.kind: must be given"),
    ({"agent": {"version": "1"}}, "agent.command: must be given"),
]


@pytest.mark.parametrize(("args", "expected"), CASES, ids=[repr(args) for args, _ in CASES])
def test_each_is_refused_in_a_preview(monkeypatch: pytest.MonkeyPatch, args: dict[str, Any], expected: str) -> None:
    with pytest.raises(pulumi.RunError) as refusal:
        declared(monkeypatch, args, preview=True)
    lines = [line.strip() for line in str(refusal.value).splitlines()[1:]]
    assert any(line.startswith(expected) for line in lines), lines


@pytest.mark.parametrize("name", ["Demo", "with space", "x" * 64])
def test_the_name_has_to_be_a_label(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with pytest.raises(pulumi.RunError, match="the resource's name: "):
        declared(monkeypatch, name=name)


def test_all_problems_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = {
        "size": 4,
        "etcd": {"version": "3.6.99", "log_level": "loud"},
        "trust": {"peer": {"generations": [1, 2]}},
        "channel": {"kind": "s3"},
        "mode": "asleep",
        "renewal": {"window_hours": 5000},
    }
    with pytest.raises(pulumi.RunError) as refusal:
        declared(monkeypatch, bad)
    for path in (
        "size: ",
        "etcd.version: ",
        "etcd.logLevel: ",
        "trust.peer.issuer: ",
        "channel.bucket: ",
        "channel.region: ",
        "mode: ",
        "renewal.windowHours: ",
    ):
        assert f"\n  {path}" in str(refusal.value)


def test_outputs_cannot_decide_what_the_cluster_looks_like(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "find", find)

    def program() -> None:
        later: Any = pulumi.Output.from_input(3)
        LocalCluster("demo", {"directory": "/tmp/demo", "size": later})

    with pytest.raises(pulumi.RunError, match="size: must be a plain value, not an output"):
        record(program)


def test_the_directory_must_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "find", find)
    incomplete: Any = {"size": 3}
    with pytest.raises(pulumi.RunError, match="directory: must be given"):
        record(lambda: LocalCluster("demo", incomplete))


def test_a_good_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert declared(monkeypatch).of_type("LocalCluster")
