"""Clusters that are declared together, of which each alone would fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.preflight.facts import Facts, Standing, Subnet
from etcd_ops.preflight.judgement import Level, judge
from etcd_ops.preflight.quotas import PROCESSORS, QUOTAS
from etcd_ops.preflight.reporting import reports, worst
from etcd_ops.preflight.together import Candidate, Sum, of_quota
from tests.preflight.demands import FITS, FITTING, ZONES, demand, facts

OTHER_ACCOUNT, OTHER_REGION = "210987654321", "eu-west-1"
SERVICES = {quota.service: quota for quota in QUOTAS}
BUCKETS = SERVICES["s3"]


def carts(said: Facts = FITTING, changes: dict[str, Any] | None = None) -> Candidate:
    """Another cluster beside `orders`."""
    return Candidate(demand(**{"cluster": "carts", **(changes or {})}), said)


def granting(key: str, granted: float, used: float = 0) -> Facts:
    """Everything fits, but for one quota."""
    return facts(quotas={**FITTING.quotas, key: Standing(granted, used)})


def told(*candidates: Candidate) -> list[list[str]]:
    """What stands against each of some clusters."""
    return [[f"{each.level.value}: {each.problem}" for each in report.findings] for report in reports(candidates)]


def test_two_that_fit_together() -> None:
    assert told(FITS, carts()) == [[], []]


def test_a_quota_that_has_room_for_either_but_not_for_both() -> None:
    said = granting(PROCESSORS.key, 11)
    orders, other = Candidate(demand(), said), carts(said)
    needed, remedy = "6 are needed, 12 together with", "request a larger quota, or declare less"
    assert told(orders) == [[]]
    assert told(orders, other) == [
        [f"refused: quotas.{PROCESSORS.key}: {PROCESSORS.what}: {needed} {name} and 0 used, of 11 granted; {remedy}"]
        for name in ("carts", "orders")
    ]
    assert worst(reports([orders, other])) == 1
    roomy = granting(PROCESSORS.key, 12)
    assert told(Candidate(demand(), roomy), carts(roomy)) == [[], []]


def test_what_others_use_counts_once() -> None:
    said = granting(PROCESSORS.key, 14, used=3)
    assert [len(each) for each in told(Candidate(demand(), said), carts(said))] == [1, 1]
    said = granting(PROCESSORS.key, 15, used=3)
    assert told(Candidate(demand(), said), carts(said)) == [[], []]


@pytest.mark.parametrize(
    ("changes", "counted"),
    [
        ({}, {"ec2", "s3"}),
        ({"region": OTHER_REGION}, {"s3"}),
        ({"account": OTHER_ACCOUNT}, set()),
        ({"region": OTHER_REGION, "account": OTHER_ACCOUNT}, set()),
    ],
    ids=["same place", "another region", "another account", "another region and account"],
)
def test_quotas_are_of_an_account_and_most_of_a_region(changes: dict[str, str], counted: set[str]) -> None:
    found = {quota.service for quota in (PROCESSORS, BUCKETS) if of_quota(FITS, [carts(changes=changes)], quota).others}
    assert found == counted


def test_every_vpc_has_its_own_quota_of_endpoints_and_a_region_one_of_interfaces() -> None:
    changes = {"makes_network": True, "interface_endpoints": 6, "subnets": {}}
    orders, other = Candidate(demand(**changes), FITTING), carts(changes=changes)
    by_key = {quota.key: of_quota(orders, [other], quota) for quota in QUOTAS}
    assert by_key["vpc/L-29B6F2EB"] == Sum(6, 6)
    assert by_key["vpc/L-1B52E74A"] == Sum(1, 2, ("carts",))
    assert by_key["vpc/L-DF5E4CA3"] == Sum(24, 48, ("carts",))


def test_a_cluster_that_needs_nothing_of_a_quota_is_not_named() -> None:
    other = carts(changes={"instance_type": "g5.xlarge"})
    assert of_quota(FITS, [other], PROCESSORS).others == ()
    assert of_quota(FITS, [other], BUCKETS).others == ("carts",)


def test_a_subnet_that_has_addresses_for_either_but_not_for_both() -> None:
    said = facts(subnets={**FITTING.subnets, "subnet-a": Subnet(ZONES[0], 5)})
    orders, other = Candidate(demand(), said), carts(said)
    assert told(orders) == [[]]
    reason = "subnet-a has 5 free addresses, and 3 are needed, 6 together with"
    assert told(orders, other) == [
        [f"refused: subnets.{ZONES[0]}: {reason} {name}; use a larger subnet"] for name in ("carts", "orders")
    ]
    elsewhere = {**FITTING.subnets, "subnet-x": Subnet(ZONES[0], 5)}
    apart = carts(facts(subnets=elsewhere), {"subnets": {**demand().subnets, ZONES[0]: "subnet-x"}})
    assert told(orders, apart) == [[], []]


@given(st.integers(0, 3), st.integers(0, 3), st.integers(0, 8))
def test_a_subnet_is_too_small_for_those_alone_that_take_addresses(one: int, other: int, free: int) -> None:
    """Of which clusters that are there, and of which little or nothing is made, take as many as are made."""
    said = facts(subnets={**FITTING.subnets, "subnet-a": Subnet(ZONES[0], free)})
    clusters = (
        Candidate(demand(taken_addresses={"subnet-a": one}), said),
        carts(said, {"taken_addresses": {"subnet-a": other}}),
    )
    refused = [bool(each) for each in told(*clusters)]
    assert refused == [bool(needed) and one + other > free for needed in (one, other)]


def test_two_of_one_name_collide_in_one_place_only() -> None:
    twin = Candidate(demand(instance_type="m7g.xlarge"), FITTING)
    reason = f"another cluster of this name is declared in {twin.demand.region}"
    remedy = "give one of them another name: bucket, roles and names are made of it"
    assert told(FITS, twin) == [[f"refused: cluster: {reason}; {remedy}"]] * 2
    assert told(FITS, Candidate(demand(region=OTHER_REGION), FITTING)) == [[], []]


def test_another_account_stands_against_one_cluster_and_not_against_those_beside_it() -> None:
    stranger = Candidate(demand(cluster="carts", account=OTHER_ACCOUNT), facts())
    mine, theirs = told(FITS, stranger)
    assert (mine, len(theirs)) == ([], 1)
    assert theirs[0].startswith("refused: account: ")


def test_what_could_not_be_asked_for_one_stays_unknown_for_it() -> None:
    silent = carts(facts(quotas={**FITTING.quotas, PROCESSORS.key: Standing(None, why="AccessDenied")}))
    mine, theirs = (report.findings for report in reports([FITS, silent]))
    assert not mine
    assert [each.level for each in theirs] == [Level.UNKNOWN]
    assert worst(reports([FITS, silent])) == 2


def test_both_figures_are_printed() -> None:
    report, _ = reports([FITS, carts()])
    line = "  buckets: 1 needed (2 with carts), 3 used, 100 granted (s3/L-DC2B2D3D)"
    assert line in list(report.lines())
    (buckets,) = [each for each in report.wire()["quotas"] if each["key"] == BUCKETS.key]
    assert (buckets["needed"], buckets["together"], buckets["with"]) == (1, 2, ["carts"])


sizes = st.lists(st.integers(1, 5), min_size=1, max_size=4)


def fleet(sizes: Sequence[int], said: Facts) -> list[Candidate]:
    """Clusters of these sizes in the first zone."""
    return [
        Candidate(
            demand(cluster=f"c-{number}", members={f"a-{each}": ZONES[0] for each in range(size)}, load_balancer=False),
            said,
        )
        for number, size in enumerate(sizes)
    ]


@given(sizes, st.integers(0, 60), st.integers(0, 10))
def test_a_fleet_fits_exactly_where_its_sum_does(sizes: list[int], granted: int, used: int) -> None:
    found = reports(fleet(sizes, granting(PROCESSORS.key, granted, used)))
    assert (worst(found) == 0) == (2 * sum(sizes) + used <= granted)
    assert len({bool(each.findings) for each in found}) == 1


@given(sizes, st.integers(0, 30))
def test_a_subnet_takes_a_fleet_exactly_where_all_have_an_address_and_each_a_spare_one(
    sizes: list[int], free: int
) -> None:
    said = facts(subnets={**FITTING.subnets, "subnet-a": Subnet(ZONES[0], free)})
    found = reports(fleet(sizes, said))
    assert (worst(found) == 0) == (sum(sizes) + len(sizes) <= free)


@given(st.permutations(["orders", "carts", "tills"]), st.integers(0, 40))
def test_the_order_of_clusters_says_nothing(names: list[str], granted: int) -> None:
    said = granting(PROCESSORS.key, granted)
    every = {name: replace(FITS, demand=demand(cluster=name), facts=said) for name in ("orders", "carts", "tills")}
    told_of = {name: judge(every[name], [every[each] for each in names if each != name]) for name in names}
    assert told_of == {name: judge(every[name], [each for key, each in every.items() if key != name]) for name in every}
