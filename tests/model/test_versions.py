from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.model.versions import (
    LINES,
    RELEASES,
    EdgeKind,
    Line,
    Running,
    Version,
    below_floor,
    below_safe,
    cannot_open,
    edge,
    key_on,
    line_of,
    options,
    replacement,
    switches_on,
    version_of,
)
from etcd_ops.programs import etcd as programs

LINE = st.sampled_from(sorted(LINES))
VERSION = st.builds(lambda line, patch: Version(line.major, line.minor, patch), LINE, st.integers(0, 60))


def running(cluster: str, *members: str, storage: tuple[str, ...] = (), downgrading: str = "") -> Running:
    return Running.read(cluster, members, storage, downgrading)


@pytest.mark.parametrize("text", ["3.6", "v3.6.15", "3.6.15-rc.0", "3.06.1", "3.6.15 ", "", "3.6.x", "3.6.15.1"])
def test_a_version_is_three_numbers(text: str) -> None:
    with pytest.raises(ValueError, match="is not a release such as"):
        Version.parse(text)


@given(VERSION)
def test_a_version_reads_what_it_writes(version: Version) -> None:
    assert Version.parse(str(version)) == version
    assert Line.parse(str(version)) == Line.parse(str(version.line)) == version.line


@given(VERSION, VERSION)
def test_versions_are_ordered_by_number(left: Version, right: Version) -> None:
    assert (left < right) == ((left.line, left.patch) < (right.line, right.patch))


def test_ten_is_after_nine() -> None:
    assert Version.parse("3.6.9") < Version.parse("3.6.10") < Version.parse("3.7.0")


def test_pinned_releases_are_those_that_can_be_obtained() -> None:
    assert [str(version) for version in RELEASES] == programs.versions()
    assert sorted(LINES) == [version.line for version in RELEASES]


def test_pinned_releases_meet_every_minimum() -> None:
    for version in RELEASES:
        assert below_floor(version) is None
        assert below_safe(version) is None
        before_next = LINES[version.line].before_next
        assert before_next is None or version.patch >= before_next.patch


@pytest.mark.parametrize(
    ("text", "floor", "safe"),
    [
        ("3.5.29", True, True),
        ("3.5.32", False, True),
        ("3.5.33", False, False),
        ("3.6.10", True, True),
        ("3.6.13", False, True),
        ("3.6.14", False, False),
        ("3.7.0", False, True),
        ("3.7.1", False, False),
    ],
)
def test_minimums(text: str, floor: bool, safe: bool) -> None:
    version = Version.parse(text)
    assert (below_floor(version) is not None, below_safe(version) is not None) == (floor, safe)


EDGES = [
    # observed cluster version, members, target, kind
    ("3.6.0", ["3.6.15"] * 3, "3.6.15", EdgeKind.NONE),
    ("3.6.0", ["3.6.14", "3.6.15", "3.6.15"], "3.6.15", EdgeKind.PATCH),
    ("3.6.0", ["3.6.15"] * 3, "3.6.14", EdgeKind.PATCH),
    ("3.5.0", ["3.5.34"] * 3, "3.6.15", EdgeKind.UPGRADE),
    ("3.5.0", ["3.5.31", "3.5.34", "3.5.34"], "3.6.15", EdgeKind.REFUSED),
    ("3.5.0", ["3.5.32"] * 3, "3.6.15", EdgeKind.UPGRADE),
    ("3.5.0", ["3.6.15", "3.5.34", "3.5.34"], "3.6.15", EdgeKind.UPGRADE),
    ("3.5.0", ["3.6.15", "3.5.34", "3.5.34"], "3.5.34", EdgeKind.PATCH),
    ("3.5.0", ["3.6.15"] * 3, "3.5.34", EdgeKind.REFUSED),
    ("3.5.0", ["3.5.34"] * 3, "3.7.2", EdgeKind.REFUSED),
    ("3.6.0", ["3.6.10", "3.6.15", "3.6.15"], "3.7.2", EdgeKind.REFUSED),
    ("3.6.0", ["3.6.11"] * 3, "3.7.2", EdgeKind.UPGRADE),
    ("3.6.0", ["3.7.2", "3.6.15", "3.6.15"], "3.6.15", EdgeKind.PATCH),
    ("3.6.0", ["3.6.15"] * 3, "3.5.34", EdgeKind.REFUSED),
    ("3.7.0", ["3.7.2"] * 3, "3.6.15", EdgeKind.DOWNGRADE),
    ("3.7.0", ["3.7.2"] * 3, "3.5.34", EdgeKind.REFUSED),
    ("3.7.0", ["3.7.2"] * 3, "3.8.0", EdgeKind.REFUSED),
    ("3.8.0", ["3.8.0"] * 3, "3.7.2", EdgeKind.REFUSED),
    ("3.4.0", ["3.4.45"] * 3, "3.5.34", EdgeKind.REFUSED),
    ("", ["3.6.15"], "3.6.15", EdgeKind.UNKNOWN),
    ("3.6.0", [], "3.6.15", EdgeKind.UNKNOWN),
    ("3.6.0", [""], "3.6.15", EdgeKind.UNKNOWN),
    # Every member left the line: etcd raises the cluster version within seconds.
    ("3.5.0", ["3.6.15"] * 3, "3.7.2", EdgeKind.UNKNOWN),
    ("3.5.0", ["3.6.15", "3.6.15", "3.5.34"], "3.7.2", EdgeKind.REFUSED),
    ("not_decided", ["3.6.15"] * 3, "3.6.15", EdgeKind.UNKNOWN),
    ("3.6.0", ["3.6.11-rc.0"] * 3, "3.7.2", EdgeKind.UPGRADE),
    ("3.7.0", ["3.8.0-alpha.0+git"] * 3, "3.7.2", EdgeKind.REFUSED),
]


@pytest.mark.parametrize(("cluster", "members", "target", "kind"), EDGES)
def test_edges(cluster: str, members: list[str], target: str, kind: EdgeKind) -> None:
    found = edge(running(cluster, *members), Version.parse(target))
    assert found.kind is kind, found
    if kind is EdgeKind.REFUSED:
        assert found.reason
        assert found.remedy


@pytest.mark.parametrize(
    ("cluster", "target", "kind"),
    [
        ("3.7.0", "3.6.15", EdgeKind.DOWNGRADE),
        ("3.6.0", "3.6.15", EdgeKind.DOWNGRADE),
        ("3.6.0", "3.7.2", EdgeKind.UPGRADE),
        ("3.7.0", "3.7.2", EdgeKind.UPGRADE),
        ("3.6.0", "3.5.34", EdgeKind.REFUSED),
    ],
)
def test_while_a_downgrade_is_under_way(cluster: str, target: str, kind: EdgeKind) -> None:
    found = edge(running(cluster, "3.7.2", "3.7.2", "3.6.15", downgrading="3.6.0"), Version.parse(target))
    assert found.kind is kind


@pytest.mark.parametrize(
    ("members", "target", "kind"),
    [
        # Nobody is to follow this one: it only makes members take raft snapshots.
        (["3.6.15", "3.6.15"], "3.7.2", EdgeKind.UNKNOWN),
        (["3.6.15", "3.6.15"], "3.6.15", EdgeKind.UPGRADE),
        # And nobody may, though etcd would let them.
        (["3.6.15", "3.6.15"], "3.5.34", EdgeKind.REFUSED),
        (["3.6.15", "3.5.34"], "3.7.2", EdgeKind.REFUSED),
    ],
)
def test_while_a_downgrade_to_3_5_is_enabled(members: list[str], target: str, kind: EdgeKind) -> None:
    for cluster in ("3.5.0", "3.6.0"):
        found = edge(running(cluster, *members, downgrading="3.5.0"), Version.parse(target))
        assert found.kind is kind, found


@given(st.text())
def test_what_members_say_never_fails(text: str) -> None:
    found = Running.read(text, [text], [text], text)
    assert edge(found, RELEASES[-1]).kind in EdgeKind


def test_of_a_pre_release_the_numbers_count() -> None:
    assert version_of("3.7.0-rc.1") == Version(3, 7, 0)
    assert line_of("3.7.0-rc.1") == line_of("3.7") == Line(3, 7)
    assert version_of("3.7") is None
    assert version_of("") is None
    assert line_of("not_decided") is None


def test_a_finished_downgrade_leaves_nothing_to_do() -> None:
    found = edge(running("3.6.0", "3.6.15", "3.6.15", downgrading="3.6"), Version.parse("3.6.15"))
    assert found.kind is EdgeKind.NONE


def test_members_all_ahead_are_not_taken_back() -> None:
    """Their leader raises the cluster version within seconds: the older program would not start any more."""
    found = edge(running("3.6.0", "3.7.2", storage=("3.6.0",)), Version.parse("3.6.15"))
    assert found.kind is EdgeKind.REFUSED
    found = edge(running("3.6.0", "3.7.2", "3.6.15", storage=("3.7.0", "3.6.0")), Version.parse("3.6.15"))
    assert found.kind is EdgeKind.REFUSED


@given(LINE, VERSION, st.lists(st.integers(0, 60), min_size=1, max_size=5))
def test_no_edge_skips_a_line(cluster: Line, target: Version, patches: list[int]) -> None:
    members = tuple(Version(cluster.major, cluster.minor, patch) for patch in patches)
    found = edge(Running(cluster, members), target)
    distance = target.minor - cluster.minor
    if found.kind is EdgeKind.UPGRADE:
        assert distance == 1
    elif found.kind is EdgeKind.DOWNGRADE:
        assert distance == -1
    elif found.kind in (EdgeKind.NONE, EdgeKind.PATCH):
        assert distance == 0
    assert (found.kind is EdgeKind.NONE) == (set(members) == {target})


def test_a_program_opens_only_data_it_understands() -> None:
    program = Version.parse("3.6.15")
    assert cannot_open(program, Line(3, 6), Line(3, 6)) == ""
    assert cannot_open(program, Line(3, 5), None) == ""
    assert "storage version is 3.7" in cannot_open(program, Line(3, 6), Line(3, 7))
    assert "cluster version is 3.7" in cannot_open(program, Line(3, 7), Line(3, 6))
    assert "may not skip 3.6" in cannot_open(Version.parse("3.7.2"), Line(3, 5), None)
    assert cannot_open(program, None, None) == ""
    assert cannot_open(program, Line(3, 6), Line(3, 6), v2_entries=True) == ""
    newer = Version.parse("3.7.2")
    assert cannot_open(newer, Line(3, 6), Line(3, 6)) == ""
    assert "raft snapshot" in cannot_open(newer, Line(3, 6), Line(3, 6), v2_entries=True)


def test_names_of_settings_follow_the_line() -> None:
    assert key_on(Line(3, 5), "watch-progress-notify-interval") == "experimental-watch-progress-notify-interval"
    assert key_on(Line(3, 6), "watch-progress-notify-interval") == "watch-progress-notify-interval"
    assert key_on(Line(3, 5), "max-learners") is None
    assert key_on(Line(3, 7), "name") == "name"


def test_every_superseded_key_names_one_that_the_next_line_knows() -> None:
    superseded = [option for option in options(Line(3, 6)).values() if option.replaced_by]
    assert len(superseded) == 23
    for option in superseded:
        key, _, rest = option.replaced_by.partition(": ")
        assert key in options(Line(3, 7))
        assert option.name not in options(Line(3, 7))
        assert key != "feature-gates" or rest in LINES[Line(3, 7)].gates


def test_nothing_is_superseded_on_the_oldest_line() -> None:
    assert not [option for option in options(Line(3, 5)).values() if option.replaced_by]
    assert replacement("experimental-memory-mlock") == "memory-mlock"
    assert replacement("experimental-initial-corrupt-check") == "feature-gates: InitialCorruptCheck"
    assert replacement("name") == ""


def test_gates_are_keys_before_there_were_gates() -> None:
    wanted = {"InitialCorruptCheck": True, "CompactHashCheck": False, "FastLeaseKeepAlive": True}
    assert switches_on(Line(3, 5), wanted) == {
        "experimental-initial-corrupt-check": True,
        "experimental-compact-hash-check-enabled": False,
    }
    assert switches_on(Line(3, 6), wanted) == {"feature-gates": "InitialCorruptCheck=true,CompactHashCheck=false"}
    assert switches_on(Line(3, 7), wanted) == {
        "feature-gates": "InitialCorruptCheck=true,CompactHashCheck=false,FastLeaseKeepAlive=true"
    }
