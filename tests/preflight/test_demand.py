"""What a demand is read from."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from etcd_ops.model.problems import Invalid
from etcd_ops.preflight.demand import GIB, TIB, Demand
from etcd_ops.preflight.given import read
from etcd_ops.preflight.together import Candidate, Sum, of_subnet
from etcd_ops.review.values import UNKNOWN
from tests.policies.contracts import contract
from tests.preflight.demands import DEMAND, FITTING, MEMBERS
from tests.preflight.previews import COMPONENT, GROUP, previewed, recorded, step

CONTRACT = contract({"machine.instanceType": DEMAND.instance_type}, "ec2")
DECLARED = Demand(**{**DEMAND.model_dump(), "subnets": {}, "load_balancer": False})


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(CONTRACT),
        json.dumps({"contract": CONTRACT}),
        json.dumps({"endpoints": ["https://a-1"], "orders": {"contract": CONTRACT}, "size": 3}),
        previewed(step("pulumi:pulumi:Stack", {}), step(COMPONENT, CONTRACT)),
        json.dumps(DECLARED.to_wire()),
    ],
    ids=["a contract", "outputs of a cluster", "outputs of a stack", "a preview", "a demand"],
)
def test_a_cluster_is_found(text: str) -> None:
    assert read(text) == (DECLARED,)


def test_yaml_by_hand() -> None:
    (found,) = read(
        """
        cluster: orders
        region: eu-central-1
        account: "123456789012"
        image: ami-0123456789abcdef0
        instanceType: m7g.large
        architecture: arm64
        members: {a-1: eu-central-1a, b-1: eu-central-1b, c-1: eu-central-1c}
        volume: {sizeBytes: 10737418240}
        """
    )
    assert found == DECLARED


def test_every_cluster_of_a_preview_is_found() -> None:
    other = copy.deepcopy(CONTRACT) | {"clusterName": "carts"}
    found = read(previewed(step(COMPONENT, CONTRACT), step(COMPONENT, other, name="carts")))
    assert {each.cluster for each in found} == {"orders", "carts"}


def test_a_cluster_that_is_told_twice_is_one() -> None:
    outputs = {"orders": {"contract": CONTRACT}, "terms": CONTRACT, "config": {}, "steps": 3}
    assert read(json.dumps(outputs)) == (DECLARED,)


def group(slot: str, subnet: str, cluster: str = "orders") -> dict[str, Any]:
    tags = [{"key": "etcd-cluster", "value": cluster}, {"key": "etcd-slot", "value": slot}, {"key": "Name"}]
    return step(GROUP, {"tags": tags, "vpcZoneIdentifiers": [subnet]}, name=f"{cluster}-{slot}-group")


def test_subnets_are_those_of_the_members_groups_where_they_are_known() -> None:
    groups = [
        group("a-1", "subnet-0a"),
        group("b-1", "04da6b54-80e4-46f7-96ec-b56ff0331ba9"),
        group("c-1", "subnet-0d", "carts"),
        group("d-1", "subnet-0e"),
    ]
    (found,) = read(previewed(*groups, step(COMPONENT, CONTRACT)))
    assert found.subnets == {"eu-central-1a": "subnet-0a"}


def test_subnets_and_tags_that_are_not_known_yet_are_nobodys() -> None:
    later = step(GROUP, {"tags": UNKNOWN, "vpcZoneIdentifiers": UNKNOWN})
    (found,) = read(previewed(later, step(COMPONENT, CONTRACT)))
    assert found.subnets == {}


def test_two_real_previews_in_one_are_two_clusters_in_the_same_subnets() -> None:
    other = json.loads(json.dumps(recorded("prod-grow")).replace("aws-prod", "aws-carts"))
    carts, prod = read(previewed(*recorded("prod-create"), *other))
    assert (prod.cluster, len(prod.members), carts.cluster, len(carts.members)) == ("aws-prod", 5, "aws-carts", 7)
    assert len(prod.zones) == 3
    assert prod.subnets.keys() == set(prod.zones)
    assert prod.subnets == carts.subnets
    assert prod.load_balancer
    together = Candidate(prod, FITTING), Candidate(carts, FITTING)
    first = prod.subnets[prod.zones[0]]
    assert of_subnet(together[0], together[1:], first) == Sum(2 + 2, 4 + 2, ("aws-carts",))


def test_endpoints_and_subnets_of_a_network_that_is_made_are_the_contracts() -> None:
    made = {"made": True, "cidr": "10.20.0.0/22", "subnets": 4, "interfaceEndpoints": 6}
    (found,) = read(json.dumps({**CONTRACT, "network": made, "loadBalancer": True, "loadBalancerSubnets": 2}))
    assert (found.made_endpoints, found.network_subnets, found.load_balancer_subnets) == (6, 4, 2)
    assert found.interfaces == 3 + 4 * 6 + 2


@pytest.mark.parametrize(("told", "counted"), [(None, 16 * GIB), (40 * GIB, 40 * GIB), (0, 0)])
@pytest.mark.parametrize("data", ["gp3", "io2"])
def test_storage_is_that_of_roots_too_and_of_no_other_type(told: int | None, counted: int, data: str) -> None:
    (found,) = read(json.dumps(contract({"machine.rootBytes": told, "volume.type": data}, "ec2")))
    each = counted + (CONTRACT["members"]["a-1"]["volumeBytes"] if data == "gp3" else 0)
    assert found.gp3_tib * TIB == 3 * each


@pytest.mark.parametrize(("told", "found"), [("/dev/sda1", "/dev/sda1"), (None, "")])
def test_the_root_device_is_the_contracts_and_unknown_of_earlier_ones(told: str | None, found: str) -> None:
    (wanted,) = read(json.dumps(contract({"machine.rootDevice": told}, "ec2")))
    assert wanted.root_device == found


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"steps": []}, "it has no cluster on AWS"),
        ({"clusterName": "orders", "platform": "local", "members": {}}, "it has no cluster on AWS"),
        ([], "it is not an object"),
        ({"cluster": "orders", "members": MEMBERS}, "region: Field required"),
        ({**DECLARED.to_wire(), "acount": 1}, "acount: Extra inputs are not permitted"),
        ({**DECLARED.to_wire(), "account": "12"}, "account: String should match pattern"),
        ({key: each for key, each in CONTRACT.items() if key != "machine"}, "contract: it lacks 'machine'"),
        ({**CONTRACT, "network": {"made": True, "subnets": 3}}, "contract: it lacks 'interfaceEndpoints'"),
    ],
)
def test_what_is_no_demand(value: Any, told: str) -> None:
    with pytest.raises(Invalid) as invalid:
        read(json.dumps(value))
    assert told in str(invalid.value)


def test_what_is_neither_json_nor_yaml() -> None:
    with pytest.raises(Invalid, match="neither JSON nor YAML"):
        read("{]")
