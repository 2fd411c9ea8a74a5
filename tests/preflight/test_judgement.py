"""What stands against a cluster."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.preflight.demand import Demand
from etcd_ops.preflight.facts import Facts, Image, InstanceType, Standing, Subnet
from etcd_ops.preflight.judgement import Level, judge, quotas_of
from etcd_ops.preflight.quotas import PROCESSORS, QUOTAS
from etcd_ops.preflight.reporting import Report, printed, worst
from etcd_ops.preflight.together import Candidate
from tests.preflight.demands import DEMAND, FITS, FITTING, MEMBERS, ZONES, demand, facts


def told(wanted: Demand, said: Facts) -> list[str]:
    return [f"{each.level.value}: {each.problem}" for each in judge(Candidate(wanted, said))]


def test_a_cluster_that_fits() -> None:
    assert told(DEMAND, FITTING) == []
    assert Report.of(FITS).status() == 0


OTHER_ZONES = dict.fromkeys(ZONES[:2], "available")
CASES: list[tuple[Demand, Facts, str]] = [
    (
        demand(),
        facts(account="210987654321"),
        "account: these are credentials of the account 210987654321; use credentials of 123456789012, or correct it",
    ),
    (
        demand(),
        facts(zones=OTHER_ZONES),
        "zones: eu-central-1c is no zone of eu-central-1; it has eu-central-1a, eu-central-1b",
    ),
    (
        demand(),
        facts(zones=OTHER_ZONES | {ZONES[2]: "impaired"}),
        "zones: eu-central-1c is impaired; use another zone",
    ),
    (
        demand(),
        facts(instance_type=None),
        "instanceType: eu-central-1 does not offer m7g.large; use another type",
    ),
    (
        demand(),
        facts(instance_type=InstanceType(2, frozenset({"arm64"}), frozenset(ZONES[:2]))),
        "instanceType: eu-central-1c does not offer m7g.large; use another type, or zone",
    ),
    (
        demand(),
        facts(instance_type=InstanceType(2, frozenset({"x86_64", "i386"}), frozenset(ZONES))),
        "instanceType: m7g.large is of i386, x86_64, not of arm64",
    ),
    (
        demand(),
        facts(image=None),
        (
            "image: there is no image ami-0123456789abcdef0 that this account may use in eu-central-1; "
            "copy it to this region, or share it"
        ),
    ),
    (
        demand(),
        facts(image=Image("x86_64", "available", "/dev/xvda")),
        "image: it is of x86_64, not of arm64; use another image",
    ),
    (demand(), facts(image=Image("arm64", "pending", "/dev/xvda")), "image: it is pending; use another image"),
    (demand(), facts(image=Image("arm64", "available", "")), "image: it has no root device; use another image"),
    (
        demand(),
        facts(image=Image("arm64", "available", "/dev/sda1")),
        (
            "rootDevice: ami-0123456789abcdef0 has its root at /dev/sda1, not at /dev/xvda: it would not be encrypted, "
            "and each machine would get a volume more that nobody uses; declare `root_device` as /dev/sda1"
        ),
    ),
    (
        demand(),
        facts(subnets={**FITTING.subnets, "subnet-a": Subnet(ZONES[0], 2)}),
        "subnets.eu-central-1a: subnet-a has 2 free addresses, and 3 are needed; use a larger subnet",
    ),
    (
        demand(),
        facts(subnets={**FITTING.subnets, "subnet-a": Subnet(ZONES[1], 200)}),
        "subnets.eu-central-1a: subnet-a is in eu-central-1b; name one of this zone",
    ),
    (
        demand(subnets={**DEMAND.subnets, ZONES[0]: "subnet-x"}),
        facts(),
        "subnets.eu-central-1a: there is no subnet subnet-x; name one that is there",
    ),
    (
        demand(),
        facts(quotas={**FITTING.quotas, PROCESSORS.key: Standing(5, 0)}),
        (
            "quotas.ec2/L-1216C47A: processors of running standard instances: 6 are needed and 0 used, of 5 granted; "
            "request a larger quota, or declare less"
        ),
    ),
]


@pytest.mark.parametrize(("wanted", "said", "problem"), CASES)
def test_what_is_refused(wanted: Demand, said: Facts, problem: str) -> None:
    assert told(wanted, said) == [f"refused: {problem}"]
    assert Report.of(Candidate(wanted, said)).status() == 1


@pytest.mark.parametrize("what", ["zones", "instanceType", "image", "subnets"])
def test_what_could_not_be_asked_is_neither_refused_nor_passed(what: str) -> None:
    missing: dict[str, Any] = {"zones": {}, "instanceType": None, "image": None, "subnets": {}}
    field = {"instanceType": "instance_type"}.get(what, what)
    said = facts(**{field: missing[what]}, unread={what: "AccessDenied"})
    assert told(DEMAND, said) == [f"unknown: {what}: could not be asked: AccessDenied"]
    assert Report.of(Candidate(DEMAND, said)).status() == 2


@pytest.mark.parametrize(
    ("made", "why"), [(False, "not told"), (True, "made with the VPC")], ids=["a VPC that is there", "one that is made"]
)
def test_subnets_that_nobody_named_are_said_and_not_refused(made: bool, why: str) -> None:
    wanted = demand(subnets={ZONES[1]: DEMAND.subnets[ZONES[1]]}, makes_network=made)
    assert told(wanted, FITTING) == [
        (
            f"not-asked: subnets: those in eu-central-1a, eu-central-1c are {why}: their zones and free addresses were "
            "not looked at; once they are there, a preview with `--show-sames` names them, or a demand's `subnets`"
        )
    ]
    report = Report.of(Candidate(wanted, FITTING))
    lines = list(report.lines())
    assert (report.status(), report.wire()["fits"]) == (0, True)
    assert lines[1].startswith("  not asked: subnets: those in")
    assert lines[-1] == "  fits, as far as it was asked"


def test_a_root_device_that_was_not_told_is_said_and_not_refused() -> None:
    assert told(demand(root_device=""), FITTING) == [
        (
            "not-asked: rootDevice: not told: whether it is the image's, /dev/xvda, and so encrypted, was not judged; "
            "contracts of this release tell it, or a demand's `rootDevice`"
        )
    ]
    assert told(demand(root_device=""), facts(image=None, unread={"image": "AccessDenied"})) == [
        "unknown: image: could not be asked: AccessDenied"
    ]


@given(st.sets(st.sampled_from(ZONES)), st.integers(0, 10), st.sampled_from([{}, {"image": "AccessDenied"}]))
def test_what_was_not_asked_never_hides_what_stands_against_a_cluster(
    named: set[str], free: int, unread: dict[str, str]
) -> None:
    wanted = demand(subnets={zone: DEMAND.subnets[zone] for zone in named})
    subnets = {identity: Subnet(zone, free) for zone, identity in DEMAND.subnets.items()}
    levels = [each.level for each in judge(Candidate(wanted, facts(subnets=subnets, unread=unread)))]
    assert (Level.NOT_ASKED in levels) == (named < set(ZONES))
    assert levels.count(Level.REFUSED) == (len(named) if free < 3 else 0)
    report = Report.of(Candidate(wanted, facts(subnets=subnets, unread=unread)))
    assert report.status() == (1 if Level.REFUSED in levels else 2 if unread else 0)
    assert report.wire()["fits"] == (report.status() == 0) == list(report.lines())[-1].startswith("  fits")


def test_where_nothing_is_to_be_made_that_is_said() -> None:
    assert list(printed([])) == ["nothing of a cluster on AWS is to be created or changed, and nothing was asked"]
    assert list(printed([Report.of(FITS)])) == list(Report.of(FITS).lines())


def test_a_quota_that_could_not_be_asked_is_not_passed() -> None:
    said = facts(quotas={**FITTING.quotas, PROCESSORS.key: Standing(None, why="AccessDenied")})
    assert told(DEMAND, said) == [
        (
            "unknown: quotas.ec2/L-1216C47A: how many processors of running standard instances are left could not be "
            "asked: AccessDenied; give it as `limits: {ec2/L-1216C47A: …}`"
        )
    ]


def test_families_with_quotas_of_their_own_do_not_count_as_standard() -> None:
    wanted = demand(instance_type="g5.xlarge")
    assert PROCESSORS not in list(quotas_of(wanted, FITTING.instance_type))


def test_refused_is_worse_than_unknown() -> None:
    fits = Report.of(FITS)
    unknown = Report.of(Candidate(DEMAND, facts(unread={"image": "AccessDenied"})))
    refused = Report.of(Candidate(DEMAND, facts(image=None)))
    assert [worst(each) for each in ([fits], [fits, unknown], [unknown, refused], [])] == [0, 2, 1, 0]


def test_what_is_printed() -> None:
    report = Report.of(Candidate(DEMAND, facts(image=None)))
    lines = list(report.lines())
    assert lines[0] == (
        "orders in eu-central-1, account 123456789012: "
        "3 members of m7g.large in eu-central-1a, eu-central-1b, eu-central-1c"
    )
    assert lines[1].startswith("  refused: image: there is no image")
    assert "  buckets: 1 needed, 3 used, 100 granted (s3/L-DC2B2D3D)" in lines
    wire = report.wire()
    assert wire["fits"] is False
    assert wire["findings"][0]["level"] == "refused"
    assert {each["key"] for each in wire["quotas"]} == {quota.key for quota in quotas_of(DEMAND, FITTING.instance_type)}


standings = st.builds(Standing, st.integers(0, 40).map(float) | st.none(), st.integers(0, 40).map(float) | st.none())


@given(st.fixed_dictionaries({quota.key: standings for quota in QUOTAS}))
def test_every_quota_is_kept_refused_or_unknown(quotas: dict[str, Standing]) -> None:
    found = {each.problem.path: each.level for each in judge(Candidate(DEMAND, facts(quotas=quotas)))}
    kind = FITTING.instance_type
    assert kind is not None
    for quota in quotas_of(DEMAND, kind):
        needed = quota.need(DEMAND, kind)
        standing, path = quotas[quota.key], f"quotas.{quota.key}"
        if standing.granted is None or standing.used is None:
            assert found[path] is Level.UNKNOWN
        else:
            assert (path in found) == (standing.used + needed > standing.granted)


members_of_zones = st.dictionaries(
    st.sampled_from([f"m-{number}" for number in range(9)]), st.sampled_from(ZONES), min_size=1
)
endpoints = st.integers(0, 60)


@given(members_of_zones, st.booleans(), st.booleans(), endpoints)
def test_a_subnet_has_an_address_for_its_members_a_successor_the_load_balancer_and_each_endpoint(
    members: dict[str, str], balanced: bool, made: bool, number: int
) -> None:
    wanted = demand(members=members, load_balancer=balanced, makes_network=made, interface_endpoints=number)
    for zone in set(members.values()):
        needed = list(members.values()).count(zone) + 1 + balanced + made * number
        for free in (needed - 1, needed):
            subnets = {**FITTING.subnets, DEMAND.subnets[zone]: Subnet(zone, free)}
            paths = [each.problem.path for each in judge(Candidate(wanted, facts(subnets=subnets)))]
            assert (f"subnets.{zone}" in paths) == (free < needed)


@given(members_of_zones, st.booleans(), st.booleans(), endpoints, st.integers(0, 6), st.integers(0, 6))
def test_members_load_balancer_and_endpoints_have_network_interfaces(
    members: dict[str, str], balanced: bool, made: bool, number: int, subnets: int, balancers: int
) -> None:
    wanted = demand(
        members=members,
        load_balancer=balanced,
        makes_network=made,
        interface_endpoints=number,
        network_subnets=subnets,
        load_balancer_subnets=balancers,
    )
    zones = len(set(members.values()))
    needed = len(members) + balanced * (balancers or zones) + made * number * (subnets or zones)
    for granted in (needed - 1, needed):
        said = facts(quotas={**FITTING.quotas, "vpc/L-DF5E4CA3": Standing(granted, 0)})
        paths = [each.problem.path for each in judge(Candidate(wanted, said))]
        assert ("quotas.vpc/L-DF5E4CA3" in paths) == (granted < needed)


@given(st.booleans(), endpoints, st.integers(0, 60))
def test_endpoints_fit_into_their_vpc(made: bool, number: int, granted: int) -> None:
    said = facts(quotas={**FITTING.quotas, "vpc/L-29B6F2EB": Standing(granted, 0)})
    wanted = demand(makes_network=made, interface_endpoints=number, subnets={})
    paths = [each.problem.path for each in judge(Candidate(wanted, said))]
    assert ("quotas.vpc/L-29B6F2EB" in paths) == (made and number > granted)


@given(st.sets(st.sampled_from(ZONES)), st.sets(st.sampled_from(ZONES)))
def test_it_fits_only_where_every_zone_is_there_and_offers_the_type(there: set[str], offering: set[str]) -> None:
    kind = InstanceType(2, frozenset({"arm64"}), frozenset(offering))
    said = facts(zones=dict.fromkeys(there, "available"), instance_type=kind)
    assert (judge(Candidate(DEMAND, said)) == ()) == (set(MEMBERS.values()) <= there & offering)
