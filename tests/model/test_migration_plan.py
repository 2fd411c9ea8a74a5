"""What an operator is told of a migration before it goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from etcd_ops.model.facts import ClusterFacts, PeerStatus
from etcd_ops.model.migration_plan import NOT_OK, OK, UNKNOWN, MigrationPlan, plan_migration
from etcd_ops.model.records import FormationRecord, FormationState
from etcd_ops.model.status import MemberStatus, State
from tests.model.migrations import migrating, names, seen
from tests.model.samples import GIB, spec

DECLARED = migrating()
HEALTHY = seen(DECLARED, names(3))


def verdicts(found: MigrationPlan) -> dict[str, str]:
    return {each.name: each.verdict for each in found.preconditions}


def test_a_healthy_origin_is_ready_and_every_step_is_told() -> None:
    found = plan_migration(DECLARED, None, HEALTHY)
    assert found.ready and set(verdicts(found).values()) == {OK, UNKNOWN}
    assert [(each.phase, each.change, each.member) for each in found.steps] == [
        *(("join", change, slot) for slot in ("a-1", "b-1", "c-1") for change in ("add", "promote")),
        ("take-over", "hand-over", "a-1"),
        *(("take-over", "remove", name) for name in names(3)),
    ]
    assert [each.undo for each in found.steps] == ["phase leave"] * 7 + ["phase return, then leave"] * 3
    first, last = found.steps[0], found.steps[-1]
    assert (first.before.voters, first.before.quorum) == (3, 2)
    assert (last.after.voters, last.after.healthy, last.after.quorum) == (3, 3, 2)
    assert any("remove etcd-0: 6/6 (quorum 4) -> 5/5 (quorum 3)" in line for line in found.lines())


@pytest.mark.parametrize(
    ("cluster", "wrong"),
    [
        (replace(HEALTHY, alarms=frozenset({(1, "NOSPACE")})), "alarms"),
        (seen(DECLARED, names(3), unhealthy=["etcd-2"]), "health"),
        (seen(migrating(count=5), names(4)), "other members"),
        (seen(DECLARED, names(2)), "named members"),
        (
            replace(
                HEALTHY,
                endpoints={name: replace(each, database_bytes=2 * GIB) for name, each in HEALTHY.endpoints.items()},
            ),
            "database",
        ),
        (seen(DECLARED, names(3), learners=["etcd-2"]), "learners"),
    ],
)
def test_what_stands_against_it_is_named_with_a_remedy(cluster: ClusterFacts, wrong: str) -> None:
    found = plan_migration(DECLARED, None, cluster)
    assert not found.ready and verdicts(found)[wrong] == NOT_OK
    assert next(each for each in found.preconditions if each.name == wrong).remedy


def test_a_newer_minor_that_cannot_read_what_the_origin_sends_is_refused() -> None:
    declared = migrating(etcd__version="3.7.2")
    assert verdicts(plan_migration(declared, None, HEALTHY))["version"] == NOT_OK


def test_peers_without_tls_are_refused() -> None:
    plain = tuple(replace(each, peer_urls=("http://10.1.0.9:2380", *each.peer_urls)) for each in HEALTHY.members or ())
    assert verdicts(plan_migration(DECLARED, None, replace(HEALTHY, members=plain)))["TLS among peers"] == NOT_OK


def test_another_cluster_than_the_recorded_one_is_refused() -> None:
    record = FormationRecord(token="t", state=FormationState.FORMED, founders={}, cluster_id=4, joined=True)
    assert verdicts(plan_migration(DECLARED, record, HEALTHY))["one cluster"] == NOT_OK


def told(**strangers: dict[str, str]) -> dict[str, PeerStatus]:
    """Agents that asked the origin's peers."""
    found = {slot.replace("_", "-"): each for slot, each in strangers.items()}
    return {
        slot: PeerStatus(
            MemberStatus(
                slot=slot, zone="z", boot_id="b", sequence=1, agent_version="1", state=State.WORKING, strangers=each
            ),
            fresh=True,
        )
        for slot, each in found.items()
    }


def test_agents_prove_that_peers_believe_each_other() -> None:
    good = dict.fromkeys(names(3), "")
    everybody = told(a_1=good, b_1=good, c_1=good)
    assert verdicts(plan_migration(DECLARED, None, HEALTHY, everybody))["peer trust"] == OK
    assert verdicts(plan_migration(DECLARED, None, HEALTHY, told(a_1=good, b_1=good)))["peer trust"] == UNKNOWN
    one = plan_migration(DECLARED, None, HEALTHY, everybody | told(b_1=good | {"etcd-2": "unknown authority"}))
    assert verdicts(one)["peer trust"] == NOT_OK and not one.ready
    assert any("b-1 and etcd-2: unknown authority" in line for line in one.lines())
    joined = seen(DECLARED, [*names(3), "c-1"])
    assert verdicts(plan_migration(DECLARED, None, joined, told(a_1=good, b_1=good)))["peer trust"] == OK


def test_what_could_not_be_read_is_never_ready() -> None:
    found = plan_migration(DECLARED, None, ClusterFacts({}))
    assert not found.ready and found.blocked
    assert plan_migration(spec(), None, HEALTHY).refusals
    assert verdicts(plan_migration(DECLARED, None, replace(HEALTHY, alarms=None)))["alarms"] == UNKNOWN


def test_an_old_member_is_told_with_what_it_comes_back() -> None:
    """The member list as it is once its learner is added, by names of our choosing, which etcd does not compare."""
    declared = migrating("return")
    rejoin = plan_migration(declared, None, seen(declared, ["etcd-0", "a-1", "b-1"], leader="a-1")).rejoin
    assert rejoin is not None and rejoin.name == "etcd-1"
    urls = {name: each.peer_url for name, each in declared.members.items()}
    assert declared.migration is not None
    urls |= {name: each.peer_url for name, each in declared.migration.members.items()}
    assert rejoin.initial_cluster == ",".join(f"{name}={urls[name]}" for name in ("etcd-0", "a-1", "b-1", "etcd-1"))
    added = seen(declared, ["etcd-0", "a-1", "b-1", "etcd-2"], learners=["etcd-2"], unhealthy=["etcd-2"])
    found = plan_migration(declared, None, added)
    assert NOT_OK not in verdicts(found).values() and "the learner does not answer" in found.blocked
    rejoin = found.rejoin
    assert rejoin is not None and rejoin.name == "etcd-2"
    assert rejoin.initial_cluster.count("etcd-2=") == 1
