"""Which clusters of a preview are judged, and of which nothing is to be made."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.model.problems import Invalid
from etcd_ops.preflight.given import read
from etcd_ops.preflight.together import Candidate
from etcd_ops.review.preview import CHANGES, Change
from etcd_ops.review.values import UNKNOWN
from tests.policies.contracts import contract
from tests.preflight.demands import FITTING
from tests.preflight.previews import COMPONENT, GROUP, STACK, previewed, recorded, step, urn, without_sames
from tests.review.record import FOLDER

CONTRACT = contract(platform="ec2")
ROOT = step(STACK, {}, "same", "shop-production")
VOLUME = "aws:ebs/volume:Volume"
IDLE = {"same", "refresh", "read", "diff", "extend-parameterize", "delete", "discard"}
"""Operations that make nothing and change nothing."""


def cluster(op: str, name: str = "orders") -> dict[str, Any]:
    return step(COMPONENT, {**CONTRACT, "clusterName": name}, op, name)


def volume(op: str, owner: str = "orders") -> dict[str, Any]:
    return step(VOLUME, {"size": 10}, op, f"{owner}-a-1-volume", urn(COMPONENT, owner))


@pytest.mark.parametrize(
    "name",
    ["nothing-shown", "prod-nothing", "prod-destroy", "prod-volume-deleted", "aws-removed", "kubernetes-create"],
)
def test_a_preview_that_makes_nothing_of_a_cluster_on_aws_is_in_order(name: str) -> None:
    assert read((FOLDER / f"{name}.json").read_text()) == ()
    assert read(without_sames(name)) == ()


@pytest.mark.parametrize("name", ["prod-grow", "prod-zone-moved", "prod-machines", "prod-volumes-grow"])
def test_a_change_is_judged_whether_or_not_the_rest_is_shown(name: str) -> None:
    (whole,), (part,) = read((FOLDER / f"{name}.json").read_text()), read(without_sames(name))
    assert whole.subnets.keys() == set(whole.zones)
    assert part.subnets.items() <= whole.subnets.items()
    assert part.model_copy(update={"subnets": whole.subnets}) == whole


@pytest.mark.parametrize("name", ["prod-grow", "prod-zone-moved"])
def test_without_the_rest_some_subnets_are_not_known(name: str) -> None:
    (found,) = read(without_sames(name))
    assert found.subnets.keys() < set(found.zones)


FIRST, SECOND, THIRD = (f"subnet-0123456789abcdef{number}" for number in range(3))


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("prod-create", None),
        ("prod-grow", {FIRST: 2, THIRD: 2}),
        ("prod-zone-moved", {THIRD: 2}),
        ("prod-machines", {}),
        ("prod-volumes-grow", {}),
        ("prod-upgrade", {}),
    ],
)
def test_of_a_cluster_that_is_there_only_what_is_made_takes_addresses(name: str, taken: dict[str, int] | None) -> None:
    for text in ((FOLDER / f"{name}.json").read_text(), without_sames(name)):
        (found,) = read(text)
        assert found.taken_addresses == taken


def test_all_that_is_made_of_a_cluster_that_is_there_counts_as_that_of_a_new_one() -> None:
    """As where the first `up` ended before it made anything but the component itself."""
    steps = recorded("prod-create")
    (new,) = read(previewed(*steps))
    (begun,) = read(previewed(*({**each, "op": "same"} if _is_component(each) else each for each in steps)))
    by_declaration = Candidate(new, FITTING)
    assert begun.taken_addresses == {each: by_declaration.addresses(each) for each in new.subnets.values()}


def _is_component(step: dict[str, Any]) -> bool:
    return f"::{COMPONENT}::" in str(step["urn"])


BALANCER, ENDPOINT = "aws:lb/loadBalancer:LoadBalancer", "aws:ec2/vpcEndpoint:VpcEndpoint"


def group(
    op: str, after: list[str], before: list[str] | None = None, *, of: str = "orders", slot: str = "a-1"
) -> dict[str, Any]:
    """Of a member."""
    listed = [{"key": key, "value": value} for key, value in (("etcd-cluster", of), ("etcd-slot", slot))]
    return interface(GROUP, op, {"vpcZoneIdentifiers": after, "tags": listed}, {"vpcZoneIdentifiers": before or after})


def interface(kind: str, op: str, after: dict[str, Any], before: dict[str, Any] | None = None) -> dict[str, Any]:
    found = step(kind, after, op, parent=urn(COMPONENT, "orders"))
    return found if op in ("create", "delete") else {**found, "oldState": {"inputs": before or after}}


@pytest.mark.parametrize(
    ("steps", "taken"),
    [
        ([group("create", ["subnet-a"])], {"subnet-a": 2}),
        ([group("same", ["subnet-a"])], {}),
        ([group("update", ["subnet-a"])], {}),
        ([group("update", ["subnet-b"], ["subnet-a"])], {"subnet-b": 2}),
        ([group("replace", ["subnet-a"])], {"subnet-a": 2}),
        ([group("delete-replaced", ["subnet-a"]), group("create-replacement", ["subnet-a"])], {}),
        ([group("delete", ["subnet-a"])], {}),
        ([group("create", [UNKNOWN])], {}),
        ([group("create", ["subnet-a"], of="carts")], {}),
        ([group("create", ["subnet-a"], slot="z-1")], {}),
        ([group("create", ["subnet-a"]), group("create", ["subnet-a"], slot="b-1")], {"subnet-a": 3}),
        ([interface(BALANCER, "create", {"subnets": ["subnet-a", "subnet-b"]})], {"subnet-a": 1, "subnet-b": 1}),
        ([interface(BALANCER, "same", {"subnets": ["subnet-a"]})], {}),
        ([interface(BALANCER, "update", {"subnets": ["subnet-a", "subnet-b"]}, {"subnets": ["subnet-a"]})],
         {"subnet-b": 1}),
        ([interface(BALANCER, "replace", {"subnets": ["subnet-a"]})], {"subnet-a": 1}),
        ([interface(ENDPOINT, "create", {"subnetIds": ["subnet-a"]})], {"subnet-a": 1}),
        ([interface(ENDPOINT, "create", {"routeTableIds": ["rtb-1"]})], {}),
        ([interface(ENDPOINT, "update", {"subnetIds": ["subnet-a"], "policy": "{}"}, {"subnetIds": ["subnet-a"]})], {}),
        ([interface(ENDPOINT, "create", {"subnetIds": ["subnet-a"]}), group("create", ["subnet-a"])], {"subnet-a": 3}),
    ],
)  # fmt: skip
def test_what_takes_addresses_of_subnets(steps: list[dict[str, Any]], taken: dict[str, int]) -> None:
    named = [{**each, "urn": f"{each['urn']}-{number}"} for number, each in enumerate(steps)]
    distinct = steps if steps[0]["op"] == "delete-replaced" else named
    (found,) = read(previewed(ROOT, cluster("update"), *distinct))
    assert found.taken_addresses == taken


@given(st.sampled_from(sorted(CHANGES)) | st.just("unheard-of"), st.sampled_from(["same", "read"]))
def test_any_operation_that_makes_or_changes_something_of_a_cluster_has_it_judged(made: str, own: str) -> None:
    assert (read(previewed(ROOT, cluster(own), volume(made))) == ()) == (made in IDLE)


def test_every_operation_of_the_engine_is_idle_or_not() -> None:
    assert {each for each in CHANGES if CHANGES[each] in (Change.SAME, Change.READ, Change.DELETE)} == IDLE


def test_of_several_clusters_those_are_judged_that_change() -> None:
    steps = [cluster("same"), volume("same"), cluster("update", "carts"), cluster("delete", "tills")]
    assert [each.cluster for each in read(previewed(ROOT, *steps))] == ["carts"]


def test_what_lies_beside_a_cluster_is_no_reason_to_judge_it() -> None:
    assert read(previewed(ROOT, cluster("same"), step("aws:s3/bucket:Bucket", {}, "create", "images"))) == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            previewed(ROOT, volume("update")),
            (
                "the preview changes the cluster orders, and does not show what is declared of it; "
                "preview the whole stack with `--show-sames`"
            ),
        ),
        (
            json.dumps({"steps": [ROOT, cluster("same")]}),
            "the preview has no summary: it did not come to its end; preview again",
        ),
        (
            previewed(ROOT, diagnostics=[{"severity": "error", "message": "error: no\n  size: 4 members\n"}]),
            "the preview failed: no size: 4 members; mend that, and preview again",
        ),
        (previewed(ROOT, step(COMPONENT, {"clusterName": "orders"})), "contract: it lacks 'members'"),
    ],
    ids=["a cluster that is not shown", "half of a preview", "one that failed", "half of a contract"],
)
def test_what_is_no_whole_preview_is_not_in_order(text: str, told: str) -> None:
    with pytest.raises(Invalid) as invalid:
        read(text)
    assert str(invalid.value).startswith(told)


def test_a_warning_is_no_failure() -> None:
    assert read(previewed(ROOT, diagnostics=[{"severity": "warning", "message": "slow"}])) == ()


def test_the_stream_of_events_is_read_as_well() -> None:
    steps = [{**each, "new": each.get("newState"), "old": each.get("oldState")} for each in recorded("prod-grow")]
    events: list[dict[str, Any]] = [{"resourcePreEvent": {"metadata": each}} for each in steps]
    stamped = [{"sequence": 1, "timestamp": 1, **each} for each in [*events, {"summaryEvent": {}}]]
    assert read("\n".join(map(json.dumps, stamped))) == read((FOLDER / "prod-grow.json").read_text())
