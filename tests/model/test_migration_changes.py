"""Which migration may be declared, and after which."""

from __future__ import annotations

from typing import Any

import pytest

from etcd_ops.model.observed import Observed
from etcd_ops.model.problems import Invalid
from etcd_ops.model.spec import ClusterSpec
from etcd_ops.model.transitions import refusals
from etcd_ops.model.validation import parse
from tests.model.migrations import migrating, names, origin
from tests.model.samples import at, body, fingerprint, reissued, spec

ALL, SOME = frozenset(names(3)), frozenset({"etcd-0", "etcd-2"})
NONE: frozenset[str] = frozenset()
PHASES = ("join", "take-over", "return", "leave")


def declared(**changes: Any) -> dict[str, Any]:
    return at(body(), "migration", {"phase": "join", "members": origin(), **changes})


def problems(document: dict[str, Any]) -> list[str]:
    try:
        parse(document)
    except Invalid as invalid:
        return [str(problem) for problem in invalid.problems]
    return []


@pytest.mark.parametrize("phase", PHASES)
def test_every_phase_is_read_from_what_users_write(phase: str) -> None:
    assert problems(declared(phase=phase, keep=["etcd-1"])) == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"phase": "jump"}, "migration.phase: "),
        ({"members": {}}, "migration.members: must not be empty"),
        ({"keep": ["etcd-9"]}, "migration.keep: etcd-9 is none of the origin's members"),
        ({"members": {"a-1": origin()["etcd-0"]}}, "migration.members.a-1: a declared member has this name"),
        ({"members": {"bad name": origin()["etcd-0"]}}, "migration.members.bad name: is not a name"),
        (
            {"members": {"etcd-0": {"peerUrl": "http://10.1.0.1:2380", "clientUrl": "https://10.1.0.1:2379"}}},
            "migration.members.etcd-0.peerUrl: is not secured",
        ),
        (
            {"members": {"etcd-0": {"peerUrl": "https://10.1.0.1:2380", "clientUrl": "10.1.0.1"}}},
            "migration.members.etcd-0.clientUrl: '10.1.0.1' must be scheme://host:port",
        ),
        (
            {"members": {"etcd-0": {"peerUrl": "https://127.44.0.1:2380", "clientUrl": "https://10.1.0.1:2379"}}},
            "migration.members.etcd-0.peerUrl: https://127.44.0.1:2380 is taken by members.a-1",
        ),
    ],
)
def test_what_cannot_work_is_told_with_its_path(changes: dict[str, Any], says: str) -> None:
    found = problems(declared(**changes))
    assert len(found) == 1 and says in found[0], found


def test_a_declaration_without_a_migration_is_written_as_before() -> None:
    """Agents of an earlier release read it."""
    assert "migration" not in spec().to_wire()
    assert spec().migration is None


def paths(before: ClusterSpec, after: ClusterSpec, **observed: Any) -> list[str]:
    return [problem.path for problem in refusals(before, after, Observed(formed=True, **observed))]


@pytest.mark.parametrize("before", PHASES)
@pytest.mark.parametrize("after", PHASES)
def test_phases_follow_each_other_while_the_origin_is_complete(before: str, after: str) -> None:
    assert paths(migrating(before), migrating(after), origin=ALL) == []


@pytest.mark.parametrize("before", PHASES[:3])
def test_nobody_leaves_an_origin_that_has_lost_members(before: str) -> None:
    assert paths(migrating(before), migrating("leave"), origin=SOME) == ["migration.phase"]
    assert paths(migrating(before), migrating("return"), origin=SOME) == []
    assert paths(migrating(before), migrating("join"), origin=SOME) == []


@pytest.mark.parametrize(("origin_", "refused"), [(ALL, True), (SOME, True), (NONE, False), (None, False)])
def test_a_migration_ends_when_the_origin_is_gone(origin_: frozenset[str] | None, refused: bool) -> None:
    over = migrating("take-over").model_copy(update={"migration": None})
    assert paths(migrating("take-over"), over, origin=origin_) == (["migration"] if refused else [])


def test_who_leaves_is_no_cluster_of_its_own_afterwards() -> None:
    over = migrating("leave").model_copy(update={"migration": None})
    assert paths(migrating("leave"), over, origin=ALL) == ["migration"]


def test_only_a_cluster_that_was_joined_can_have_an_origin() -> None:
    assert paths(spec(), migrating("return"), joined=False) == ["migration"]
    assert paths(spec(), migrating("return"), joined=True, origin=NONE) == []
    assert refusals(spec(), migrating("join"), Observed(formed=False)) == ()


def test_members_of_the_origin_are_named_for_as_long_as_they_are_members() -> None:
    fewer = migrating("take-over", count=2)
    assert paths(migrating("take-over"), fewer, origin=ALL) == ["migration.members.etcd-2"]
    assert paths(migrating("take-over"), fewer, origin=frozenset(names(2))) == []
    wire = at(migrating("take-over").to_wire(), "migration.members.etcd-0.peerUrl", "https://10.9.0.1:2380")
    assert paths(migrating("take-over"), ClusterSpec.model_validate(wire), origin=ALL) == [
        "migration.members.etcd-0.peerUrl"
    ]


@pytest.mark.parametrize(
    ("after", "path"),
    [
        (migrating(etcd__version="3.7.2"), "etcd.version"),
        (migrating(trust__peer__authorities__2=fingerprint("peer-ca-2")), "trust"),
        (
            ClusterSpec.model_validate(
                reissued(at(migrating().to_wire(), "trust.peer.issuer", 1), "peer", 1) | {"incarnation": 2}
            ),
            "incarnation",
        ),
    ],
)
def test_nothing_that_the_origin_cannot_follow_changes_meanwhile(after: ClusterSpec, path: str) -> None:
    assert path in paths(migrating(), after, origin=ALL)
