"""What cuts members off, or has AWS terminate them: changes of single resources of a recorded stack on AWS."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from etcd_ops.review import Level, Review
from etcd_ops.review.values import UNKNOWN
from tests.review.altered import added, changed, digest, refusals, reviewed, step_of

INGRESS, EGRESS, CLIENTS = (
    "aws-prod-members-ingress-peers",
    "aws-prod-members-egress-peers",
    "aws-prod-members-ingress-members",
)
INTO, OUT = (f"aws:vpc/securityGroup{way}Rule:SecurityGroup{way}Rule" for way in ("Ingress", "Egress"))
GROUP, KEY = "aws-prod-eu-central-1a-1-group", "aws-prod-key"


def votes(found: Review) -> list[int | None]:
    """Of the cluster: who serves before, at the worst moment, and after."""
    (cluster,) = found.clusters
    quorum = cluster.quorum
    return [each.up if each is not None else None for each in (quorum.before, quorum.during, quorum.after)]


def test_nothing_is_refused_where_nothing_changes() -> None:
    found = reviewed(digest())
    assert (found.verdict, votes(found)) == (Level.FINE, [5, 5, 5])


@pytest.mark.parametrize("name", [INGRESS, EGRESS])
@pytest.mark.parametrize(
    ("op", "inputs"),
    [
        ("delete", {}),
        ("delete-replaced", {}),
        ("invented", {}),
        ("update", {"fromPort": 2381, "toPort": 2381}),
        ("update", {"toPort": 2379, "fromPort": 2379}),
        ("update", {"fromPort": UNKNOWN}),
        ("update", {"ipProtocol": "udp"}),
        ("update", {"referencedSecurityGroupId": "sg-another"}),
        ("update", {"referencedSecurityGroupId": None, "cidrIpv4": "10.41.0.0/24"}),
        ("replace", {"securityGroupId": "sg-another"}),
    ],
)
def test_members_that_are_cut_off_from_each_other_are_refused(name: str, op: str, inputs: dict[str, Any]) -> None:
    preview = digest()
    changed(preview, name, op, **inputs)
    found = reviewed(preview)
    assert {where: code.partition("-")[0] for where, code in refusals(found).items()} == {name: "peers", "": "quorum"}
    assert votes(found) == [5, 0, 0]


@pytest.mark.parametrize("name", [INGRESS, EGRESS])
def test_a_way_that_is_there_again_afterwards_costs_the_quorum_meanwhile(name: str) -> None:
    preview = digest()
    changed(preview, name, "delete-replaced")
    again = copy.deepcopy(step_of(preview, name))
    preview["steps"].append({**again, "op": "create-replacement", "newState": again["oldState"]})
    assert votes(reviewed(preview)) == [5, 0, 5]


@pytest.mark.parametrize("name", [INGRESS, EGRESS])
@pytest.mark.parametrize(
    ("op", "inputs"),
    [
        ("update", {"fromPort": 2379}),
        ("update", {"ipProtocol": "-1", "fromPort": None, "toPort": None}),
        ("update", {"description": "others"}),
        ("replace", {"description": "others"}),
        ("update", {"referencedSecurityGroupId": UNKNOWN}),
    ],
)
def test_a_way_that_stays_or_gets_wider_is_to_be_seen(name: str, op: str, inputs: dict[str, Any]) -> None:
    preview = digest()
    changed(preview, name, op, **inputs)
    assert reviewed(preview).verdict is Level.ATTENTION


def test_a_way_to_everybody_is_to_be_seen_where_it_leads_out() -> None:
    preview = digest()
    changed(preview, EGRESS, "update", referencedSecurityGroupId=None, cidrIpv4="0.0.0.0/0")
    assert reviewed(preview).verdict is Level.ATTENTION


@pytest.mark.parametrize("name", [INGRESS, EGRESS])
@pytest.mark.parametrize(
    ("other", "op", "inputs", "refused"),
    [
        ("wider", "create", {"fromPort": 2379}, False),
        ("wider", "same", {"ipProtocol": "-1"}, False),
        ("wider", "same", {"referencedSecurityGroupId": None, "cidrIpv4": "0.0.0.0/0"}, False),
        ("wider", "delete", {"fromPort": 2379}, True),
        ("elsewhere", "same", {"securityGroupId": "sg-another"}, True),
        ("narrower", "create", {"toPort": 2379, "fromPort": 2379}, True),
    ],
)
def test_a_rule_may_go_where_another_one_has_its_way(
    name: str, other: str, op: str, inputs: dict[str, Any], refused: bool
) -> None:
    preview = digest()
    added(preview, name, other, op, **inputs)
    if op == "delete":
        step_of(preview, other)["oldState"] = step_of(preview, other).pop("newState")
    changed(preview, name, "delete")
    assert (name in str(refusals(reviewed(preview)))) is refused


def test_a_way_in_does_not_stand_in_for_the_way_out() -> None:
    preview = digest()
    changed(preview, EGRESS, "delete")
    assert set(refusals(reviewed(preview))) == {EGRESS, ""}


@pytest.mark.parametrize("op", ["delete", "delete-replaced"])
def test_the_clients_port_among_members_is_to_be_seen(op: str) -> None:
    """Agents hold without it, and members go on."""
    preview = digest()
    changed(preview, CLIENTS, op)
    assert reviewed(preview).verdict is Level.ATTENTION


@pytest.mark.parametrize(
    ("name", "inputs", "code"),
    [
        (GROUP, {"instanceRefresh": {"strategy": "Rolling"}}, "ungated-instanceRefresh"),
        (GROUP, {"maxInstanceLifetime": 2592000}, "ungated-maxInstanceLifetime"),
        (GROUP, {"healthCheckType": "ELB"}, "ungated-healthCheckType"),
        (GROUP, {"healthCheckType": "EC2,EBS"}, "ungated-healthCheckType"),
        (GROUP, {"vpcZoneIdentifiers": ["subnet-another"]}, "ungated-vpcZoneIdentifiers"),
        (GROUP, {"vpcZoneIdentifiers": [UNKNOWN]}, "ungated-vpcZoneIdentifiers"),
        (GROUP, {"vpcZoneIdentifiers": []}, "ungated-vpcZoneIdentifiers"),
        (KEY, {"isEnabled": False}, "ungated-isEnabled"),
    ],
)
def test_what_has_aws_terminate_members_or_close_their_data_is_refused(
    name: str, inputs: dict[str, Any], code: str
) -> None:
    preview = digest()
    changed(preview, name, "update", **inputs)
    assert refusals(reviewed(preview)) == {name: code}
    told = [each.text for cluster in reviewed(preview).clusters for each in cluster.findings if each.where == name]
    assert len(told) == 1


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        (GROUP, {"healthCheckType": "ELB"}, {"healthCheckType": "EC2"}),
        (GROUP, {"healthCheckType": "EC2"}, {"healthCheckType": None}),
        (GROUP, {"instanceRefresh": {"strategy": "Rolling"}}, {"instanceRefresh": None}),
        (GROUP, {"healthCheckType": "ELB"}, {"defaultCooldown": 60}),
        (GROUP, {}, {"maxInstanceLifetime": 0}),
        (GROUP, {"vpcZoneIdentifiers": ["subnet-a"]}, {"vpcZoneIdentifiers": ["subnet-a", "subnet-b"]}),
        (GROUP, {"vpcZoneIdentifiers": ["subnet-a", "subnet-b"]}, {"vpcZoneIdentifiers": ["subnet-b", "subnet-a"]}),
        (GROUP, {"availabilityZones": None}, {"availabilityZones": ["eu-central-1b"]}),
        (KEY, {"isEnabled": False}, {"isEnabled": True}),
    ],
)
def test_what_takes_it_back_or_leaves_it_is_to_be_seen(
    name: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    preview = digest()
    changed(preview, name, "update", **before)
    step = step_of(preview, name)
    step["oldState"], step["newState"] = step["newState"], copy.deepcopy(step["newState"])
    changed(preview, name, "update", **after)
    assert reviewed(preview).verdict is Level.ATTENTION


def test_a_new_group_is_judged_as_well() -> None:
    preview = digest()
    added(preview, GROUP, "aws-prod-eu-central-1d-1-group", healthCheckType="ELB")
    assert refusals(reviewed(preview)) == {"aws-prod-eu-central-1d-1-group": "ungated-healthCheckType"}
