"""What comes into a cluster that is there, and who gets in by it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from etcd_ops.review import Level, read_preview, review
from etcd_ops.review.values import UNKNOWN
from tests.review.altered import Step, added, changed, digest, refusals, reviewed, step_of, told
from tests.review.record import FOLDER

RULE, GROUP = "aws-prod-members-ingress-peers", "aws-prod-members-group"
POLICY = "aws-prod-eu-central-1a-1-role-policy"
OPEN = "open-to-everybody"
WIDE = [
    {"cidrIpv4": "0.0.0.0/0"},
    {"cidrIpv4": "128.0.0.0/1"},
    {"cidrIpv4": "10.0.0.0/7"},
    {"cidrIpv6": "::/0"},
    {"cidrIpv6": "2000::/31"},
]
NARROW = [
    {"cidrIpv4": "10.0.0.0/8"},
    {"cidrIpv6": "2001:db8::/32"},
    {"cidrIpv4": UNKNOWN},
    {"referencedSecurityGroupId": "sg-another"},
    {"prefixListId": "pl-1"},
]


def alone(source: dict[str, Any]) -> dict[str, Any]:
    """Of a rule: this source, and no other."""
    return {"referencedSecurityGroupId": None, **source}


@pytest.mark.parametrize("source", WIDE)
def test_a_new_way_for_everybody_is_refused(source: dict[str, Any]) -> None:
    preview = digest()
    added(preview, RULE, "wide", **alone(source))
    assert refusals(reviewed(preview)) == {"wide": OPEN}
    assert told(reviewed(preview)) == {f"refuse {OPEN}"}


@pytest.mark.parametrize("source", WIDE)
def test_a_way_that_becomes_one_for_everybody_is_refused(source: dict[str, Any]) -> None:
    preview = digest()
    changed(preview, RULE, "update", **alone(source))
    assert f"refuse {OPEN}" in told(reviewed(preview))


@pytest.mark.parametrize("source", NARROW)
def test_a_new_way_for_somebody_is_to_be_seen(source: dict[str, Any]) -> None:
    preview = digest()
    added(preview, RULE, "another", **alone(source))
    assert told(reviewed(preview)) == {"attention reach-create"}


def test_a_new_way_is_told_with_who_gets_in() -> None:
    preview = digest()
    added(preview, RULE, "another", **alone({"cidrIpv4": "10.9.0.0/16"}))
    (found,) = reviewed(preview).clusters[0].findings
    assert found.text.endswith("comes at once, without the gate, and lets in 10.9.0.0/16 by tcp 2380")


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        ({}, {"description": "others"}, False),
        ({}, {"fromPort": 2380, "toPort": 2380}, False),
        ({}, {"cidrIpv4": "1.0.0.0/7"}, False),
        ({}, {"toPort": 2390}, True),
        ({}, {"ipProtocol": "-1"}, True),
        ({}, {"securityGroupId": "sg-another"}, True),
        ({"ipProtocol": "-1"}, {"ipProtocol": "tcp"}, False),
    ],
)
def test_what_was_as_open_before_is_not_refused_again(
    before: dict[str, Any], after: dict[str, Any], refused: bool
) -> None:
    preview = digest()
    added(preview, RULE, "wide", op="same", **alone({"cidrIpv4": "0.0.0.0/0", "fromPort": 2379, "toPort": 2380}))
    step_of(preview, "wide")["newState"]["inputs"] |= before
    changed(preview, "wide", "update", **after)
    assert (f"refuse {OPEN}" in told(reviewed(preview))) is refused


@pytest.mark.parametrize(
    ("token", "inputs", "refused"),
    [
        ("aws:ec2/securityGroupRule:SecurityGroupRule", {"type": "ingress", "cidrBlocks": ["0.0.0.0/0"]}, True),
        ("aws:ec2/securityGroupRule:SecurityGroupRule", {"type": "ingress", "ipv6CidrBlocks": ["::/0"]}, True),
        ("aws:ec2/securityGroupRule:SecurityGroupRule", {"type": "ingress", "cidrBlocks": ["10.0.0.0/16"]}, False),
        ("aws:ec2/securityGroupRule:SecurityGroupRule", {"type": "egress", "cidrBlocks": ["0.0.0.0/0"]}, False),
        ("aws:ec2/securityGroup:SecurityGroup", {"ingress": [{"cidrBlocks": ["10.0.0.0/16", "0.0.0.0/0"]}]}, True),
        ("aws:ec2/securityGroup:SecurityGroup", {"egress": [{"cidrBlocks": ["0.0.0.0/0"]}]}, False),
        ("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", {"ingress": [{"ipv6CidrBlocks": ["::/0"]}]}, True),
    ],
)
def test_every_form_of_a_way_in_is_judged(token: str, inputs: dict[str, Any], refused: bool) -> None:
    preview = digest()
    preview["steps"].append(of_cluster(preview, token, "made", {"protocol": "tcp", **inputs}))
    assert reviewed(preview).verdict is (Level.REFUSE if refused else Level.ATTENTION)


def of_cluster(preview: dict[str, Any], token: str, name: str, inputs: dict[str, Any]) -> Step:
    """A resource that is made below the component."""
    like = step_of(preview, GROUP)
    urn = like["urn"].replace("aws:ec2/securityGroup:SecurityGroup", token).replace(GROUP, name)
    return {"op": "create", "urn": urn, "newState": {"parent": like["newState"]["parent"], "inputs": inputs}}


def test_a_new_cluster_lets_nobody_in_by_accident_either() -> None:
    preview = json.loads((FOLDER / "prod-create.json").read_text())
    added(preview, RULE, "wide", **alone({"cidrIpv4": "0.0.0.0/0"}))
    assert refusals(review(read_preview(json.dumps(preview)))) == {"wide": OPEN}


def test_what_comes_with_a_new_cluster_is_not_told_one_by_one() -> None:
    preview = json.loads((FOLDER / "prod-create.json").read_text())
    added(preview, RULE, "another", **alone({"cidrIpv4": "10.9.0.0/16"}))
    assert reviewed(preview).verdict is Level.FINE


def test_what_comes_with_a_new_cluster_that_failed_is_not_told_either() -> None:
    """Its Rollout is not shown then."""
    preview = json.loads((FOLDER / "prod-create.json").read_text())
    preview["steps"] = [each for each in preview["steps"] if "Rollout::" not in each["urn"]]
    assert told(reviewed(preview)) == {"attention rollout-not-shown", "fine footprint"}


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("aws:route53/record:Record", "network-create"),
        ("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "reach-create"),
        ("aws:s3/bucketPolicy:BucketPolicy", "safeguard-create"),
    ],
)
def test_what_comes_into_a_cluster_that_is_there_is_to_be_seen(token: str, code: str) -> None:
    preview = digest()
    preview["steps"].append(of_cluster(preview, token, "made", {}))
    assert told(reviewed(preview)) == {f"attention {code}"}


def test_another_alarm_takes_nothing_from_anybody() -> None:
    preview = digest()
    preview["steps"].append(of_cluster(preview, "aws:cloudwatch/metricAlarm:MetricAlarm", "made", {}))
    assert told(reviewed(preview)) == {"attention paid"}


ANYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
BOUNDED = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::bucket/*"]}


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (ANYTHING, "every action on every resource"),
        ({**BOUNDED, "Action": ["s3:GetObject", "*"]}, "every action on arn:aws:s3:::bucket/*"),
        ({**BOUNDED, "Resource": ["*"]}, "s3:GetObject on every resource"),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, "every action on every resource"),
        ({**ANYTHING, "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-central-1"}}}, ""),
        ({**ANYTHING, "Effect": "Deny"}, ""),
        (BOUNDED, ""),
    ],
)
@pytest.mark.parametrize("op", ["create", "update"])
def test_rights_without_bounds_are_told(op: str, statement: dict[str, Any], words: str) -> None:
    preview, policy = digest(), json.dumps({"Statement": [statement]})
    if op == "create":
        added(preview, POLICY, "another", policy=policy)
    else:
        changed(preview, POLICY, op, policy=policy)
    found = reviewed(preview)
    assert found.verdict is Level.ATTENTION
    texts = [each.text for each in found.clusters[0].findings if each.code == "unbounded-rights"]
    allowed = [each.partition(" allows ")[2].removesuffix(", without a condition") for each in texts]
    assert allowed == ([words] if words else [])


@pytest.mark.parametrize("policy", [UNKNOWN, "no JSON", "[]", '{"Statement": 3}', None])
def test_a_document_that_is_not_known_is_to_be_seen(policy: str | None) -> None:
    preview = digest()
    added(preview, POLICY, "another", policy=policy)
    assert told(reviewed(preview)) == {"attention reach-create"}


PEERS = {"from": [{"podSelector": {"matchLabels": {"app": "etcd"}}}], "ports": [{"port": 2380, "protocol": "TCP"}]}
PORT = [{"port": 2379}]


@pytest.mark.parametrize(
    ("spec", "who"),
    [
        ({"ingress": [PEERS, {}]}, "everybody by every port"),
        ({"ingress": [PEERS, {"from": [], "ports": PORT}]}, "everybody by tcp 2379"),
        ({"ingress": [{"ports": [{"port": "client", "protocol": "TCP"}]}]}, "everybody by every port of tcp client"),
        ({"ingress": [{"ports": [{"port": 2379, "endPort": 2381}]}]}, "everybody by tcp 2379 to 2381"),
        ({"ingress": [{"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": PORT}]}, "0.0.0.0/0 by tcp 2379"),
        ({"ingress": [PEERS], "policyTypes": ["Egress"]}, "everybody by every port"),
        ({"ingress": [PEERS, {"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]}, ""),
        ({"ingress": [PEERS], "policyTypes": ["Ingress"]}, ""),
        ({"ingress": []}, ""),
        ({"ingress": UNKNOWN}, ""),
    ],
)
def test_a_network_policy_that_names_nobody_is_told_to_let_in_everybody(spec: dict[str, Any], who: str) -> None:
    preview = json.loads((FOLDER / "kubernetes-nothing.json").read_text())
    changed(preview, "sample-reach", "update", spec=spec)
    found = reviewed(preview)
    assert found.verdict is Level.ATTENTION
    texts = [each.text for each in found.clusters[0].findings if each.code == OPEN]
    assert [each.partition(" lets in ")[2].partition(":")[0] for each in texts] == ([who] if who else [])
