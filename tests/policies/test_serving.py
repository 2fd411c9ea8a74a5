"""The pack as a process, driven over gRPC as the engine drives it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from etcd_policies.catalogue import catalogue
from etcd_policies.parameters import schema
from etcd_policies.resource_rule import ResourceRule
from etcd_policies.rule import ClusterRule
from tests.policies.contracts import GOOD, PLATFORMS, TYPE, URN, contract

PACK = Path(__file__).resolve().parents[2] / "policies"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
"""Marks a secret in a property (sdk/go/common/resource/properties.go)."""
SIGNATURE = "4dabf18193072939515e22adb298388d"
TIMEOUT = 30.0


@pytest.fixture(scope="module")
def pack() -> Iterator[analyzer_pb2_grpc.AnalyzerStub]:
    command = [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(PACK)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}") as channel:
                yield analyzer_pb2_grpc.AnalyzerStub(channel)
        finally:
            process.terminate()


def analyze(pack: analyzer_pb2_grpc.AnalyzerStub, properties: Any) -> dict[str, analyzer_pb2.AnalyzeDiagnostic]:
    """The last diagnostic of each rule."""
    sent = Struct()
    sent.update(properties)
    request = analyzer_pb2.AnalyzeRequest(type=TYPE, urn=URN, name="orders", properties=sent)
    answer = pack.Analyze(request, timeout=TIMEOUT)
    return {diagnostic.policyName: diagnostic for diagnostic in answer.diagnostics}


def configure(pack: analyzer_pb2_grpc.AnalyzerStub, **configs: analyzer_pb2.PolicyConfig) -> None:
    request = analyzer_pb2.ConfigureAnalyzerRequest(
        policyConfig={name.replace("_", "-"): config for name, config in configs.items()}
    )
    pack.Configure(request, timeout=TIMEOUT)


def config(level: Any, **properties: Any) -> analyzer_pb2.PolicyConfig:
    sent = Struct()
    sent.update(properties)
    return analyzer_pb2.PolicyConfig(enforcementLevel=level, properties=sent)


def test_the_engine_is_told_every_rule(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    info = pack.GetAnalyzerInfo(empty_pb2.Empty(), timeout=TIMEOUT)
    assert info.name == "etcd"
    assert info.supportsConfig
    told = {policy.name: policy for policy in info.policies}
    assert set(told) == set(catalogue())
    for name, rule in catalogue().items():
        assert told[name].remediation_steps == rule.steps
        assert told[name].url == rule.url
        assert told[name].severity != analyzer_pb2.POLICY_SEVERITY_UNSPECIFIED
        assert set(told[name].configSchema.properties) == set(schema(rule.parameters))
    assert told["mutual-tls"].framework.reference == "2.1, 2.2, 2.4, 2.5"
    assert told["current-certificates"].policy_type == analyzer_pb2.POLICY_TYPE_STACK


def test_rules_of_other_platforms_say_that_they_are_not_about_a_cluster(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    configure(pack)
    sent = Struct()
    sent.update(GOOD)
    request = analyzer_pb2.AnalyzeRequest(type=TYPE, urn=URN, name="orders", properties=sent)
    told = pack.Analyze(request, timeout=TIMEOUT).not_applicable
    assert {each.policy_name: each.reason for each in told} == {
        name: "an etcd cluster of another platform" if rule.platforms else "another type of resource"
        for name, rule in catalogue().items()
        if rule.platforms or isinstance(rule, ResourceRule)
    }


@pytest.mark.parametrize("platform", PLATFORMS)
def test_good_clusters_of_every_platform_pass(pack: analyzer_pb2_grpc.AnalyzerStub, platform: str) -> None:
    configure(pack)
    assert analyze(pack, PLATFORMS[platform]) == {}


def test_an_open_port_is_told(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    configure(pack)
    told = analyze(pack, contract({"clients": [{"namespaceLabels": {}}]}, "stateful-sets"))
    assert set(told) == {"named-clients"}


def test_a_violation_names_requirement_path_and_remedy(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    configure(pack)
    told = analyze(pack, contract({"mutualTls.peer": False}))
    assert set(told) == {"mutual-tls"}
    assert told["mutual-tls"].message == (
        "Peers, clients and readers of metrics of an etcd cluster all show a certificate.\n"
        "mutualTls.peer: there is no mutual TLS; declare it true"
    )
    assert told["mutual-tls"].enforcementLevel == analyzer_pb2.MANDATORY


def test_levels_and_parameters_are_configured_by_rule(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    configure(
        pack,
        odd_member_count=config(analyzer_pb2.ADVISORY, minimum=5),
        mutual_tls=config(analyzer_pb2.DISABLED),
    )
    told = analyze(pack, contract({"mutualTls.peer": False}))
    assert set(told) == {"odd-member-count"}
    assert told["odd-member-count"].enforcementLevel == analyzer_pb2.ADVISORY


def test_a_wrong_parameter_is_told_by_name(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    configure(pack, odd_member_count=config(analyzer_pb2.ADVISORY, minimun=5))
    with pytest.raises(grpc.RpcError) as failed:
        analyze(pack, GOOD)
    told = "policy odd-member-count cannot be used: minimun: there is no such parameter; did you mean minimum?"
    assert told in str(failed.value)


def test_a_secret_is_judged_and_not_told(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    configure(pack)
    hidden = {SIGNATURE: SECRET, "value": "hunter2"}
    told = analyze(pack, contract({"etcd.version": hidden, "members.a-1.zone": hidden, "renewal": hidden}))
    assert {"safe-patch", "supported-line", "renewal-window"} <= set(told)
    assert not [diagnostic for diagnostic in told.values() if "hunter2" in diagnostic.message]


def test_other_resources_are_none_of_its_business(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    configure(pack)
    request = analyzer_pb2.AnalyzeRequest(type="aws:ec2/volume:Volume", urn=URN, name="other")
    answer = pack.Analyze(request, timeout=TIMEOUT)
    assert not answer.diagnostics
    alone = {name for name, rule in catalogue().items() if isinstance(rule, ClusterRule | ResourceRule)}
    assert {each.policy_name for each in answer.not_applicable} == alone
