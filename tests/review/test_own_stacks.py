"""What a reviewer is told of the repository's own stacks: real components, previewed by the real engine."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from etcd_ops.review import Level, Review, read_preview, review
from etcd_ops.review.kinds import HARMLESS, ROLLOUT, is_component, kind_of
from etcd_ops.review.markdown import markdown
from etcd_ops.review.preview import Change, Preview
from etcd_ops.review.result import ClusterReview, Finding
from tests.review import expected
from tests.review.record import FOLDER

ZONE = "eu-central-1"
FIVE = tuple(f"{ZONE}{slot}" for slot in ("a-1", "a-2", "b-1", "b-2", "c-1"))
OWN = [name for name in expected.NAMES if name.startswith(("prod-", "sets-", "static-"))]
VOLUMES = tuple(f"aws-prod-{slot}-volume" for slot in FIVE)


@cache
def preview(name: str) -> Preview:
    return read_preview((FOLDER / f"{name}.json").read_text())


@cache
def reviewed(name: str) -> Review:
    return review(preview(name))


def cluster(name: str) -> ClusterReview:
    (found,) = reviewed(name).clusters
    return found


def finding(name: str, code: str, where: str | None = None) -> Finding:
    """The only one of this code, and about this."""
    (found,) = [each for each in cluster(name).findings if each.code == code and where in (None, each.where)]
    return found


def votes(name: str) -> list[str]:
    quorum = cluster(name).quorum
    return [f"{each.up}/{each.voters}" if each else "?" for each in (quorum.before, quorum.during, quorum.after)]


def happening(name: str) -> list[tuple[int, str, str]]:
    """The members that something happens to, in the order in which they are shown: turn, slot, and by whom."""
    return [(each.turn, each.slot, each.by) for each in cluster(name).members if each.happens]


@pytest.mark.parametrize("name", OWN)
def test_every_type_of_resource_is_known(name: str) -> None:
    types = {step.type for step in preview(name).steps}
    assert [each for each in types if kind_of(each) is None and each not in HARMLESS and not is_component(each)] == []


@pytest.mark.parametrize("name", OWN)
def test_the_channel_was_asked_in_every_preview(name: str) -> None:
    assert "judged without" not in (FOLDER / f"{name}.json").read_text()


def test_what_a_new_cluster_costs_and_survives_is_told() -> None:
    assert votes("prod-create") == ["?", "?", "5/5"]
    assert finding("prod-create", "new-cluster").text == (
        "a new cluster of 5 in 3 zones is formed, which survives the failure of 2 members"
    )
    assert finding("prod-create", "footprint").text.endswith(
        "5 machines of type m7g.xlarge, 5 gp3 volumes of 50 GiB with 6000 IOPS and 250 MiB/s, 1 load balancer, 1 key, "
        "5 secrets, 1 hosted zone, 21 alarms"
    )
    assert finding("sets-create", "new-cluster").text.endswith("which survives the failure of 1 member")
    assert finding("sets-create", "footprint").text.endswith("3 pods with a volume claim of 10 GiB")


def test_machines_are_rolled_by_agents_and_none_is_replaced_by_the_engine() -> None:
    assert votes("prod-machines") == ["5/5", "4/5", "5/5"]
    assert happening("prod-machines") == [(turn, slot, "agents") for turn, slot in enumerate(FIVE, 1)]
    image = "imageId is ami-0fedcba9876543210 instead of ami-0123456789abcdef0"
    size = "instanceType is m7g.2xlarge instead of m7g.xlarge"
    for member in cluster("prod-machines").members:
        assert member.happens == (f"its pod or machine is made anew, with the same volume: {image}, {size}",)
    steps = preview("prod-machines").steps
    changed = {step.type for step in steps if step.change is not Change.SAME}
    assert {step.change for step in steps} == {Change.SAME, Change.UPDATE}
    assert {"aws:ec2/launchTemplate:LaunchTemplate", "aws:autoscaling/group:Group", "etcd:index:Rollout"} <= changed
    assert finding("prod-machines", "priced").where == ", ".join(FIVE)
    assert "5 machines of type m7g.2xlarge" in finding("prod-machines", "priced").text
    assert cluster("prod-machines").verdict is Level.ATTENTION


def test_pods_are_rolled_by_agents_with_what_is_new_of_them() -> None:
    assert happening("sets-memory") == [(1, "a-1", "agents"), (2, "b-1", "agents"), (3, "c-1", "agents")]
    for member in cluster("sets-memory").members:
        (happens,) = member.happens
        assert "containers[0].resources.requests.memory is 1Gi instead of 256Mi" in happens
        assert "env[" not in happens


def test_another_image_of_agents_beside_members_takes_nobody_down() -> None:
    assert happening("sets-agent") == [(0, slot, "agents") for slot in ("a-1", "b-1", "c-1")]
    assert {each.happens for each in cluster("sets-agent").members} == {("its agent is started anew, etcd runs on",)}
    assert votes("sets-agent") == ["3/3", "3/3", "3/3"]
    assert finding("sets-agent", "agents-hand-over").level is Level.FINE
    assert cluster("sets-agent").verdict is Level.FINE


def test_agents_of_static_pods_are_made_anew_without_etcd() -> None:
    assert finding("static-upgrade", "agents-hand-over").level is Level.FINE
    assert finding("static-upgrade", "reach-update").level is Level.FINE
    assert finding("static-agent-replaced", "reach-replace").level is Level.ATTENTION
    assert votes("static-agent-replaced") == ["3/3", "3/3", "3/3"]


@pytest.mark.parametrize(("name", "where"), [("prod-upgrade", FIVE), ("static-upgrade", ("a-1", "b-1", "c-1"))])
def test_a_version_is_rolled_member_by_member(name: str, where: tuple[str, ...]) -> None:
    assert [(turn, slot) for turn, slot, _ in happening(name)] == list(enumerate(where, 1))
    assert finding(name, "upgrade").level is Level.ATTENTION
    assert len(cluster(name).gaps) == 1


def test_a_lower_quota_is_told_with_what_it_may_cost() -> None:
    found = finding("sets-quota-lowered", "setting")
    assert (found.level, found.where) == (Level.ATTENTION, "etcd.quotaBackendBytes")
    assert "a database that is larger refuses writes" in found.text


def test_growth_is_told_with_what_comes() -> None:
    assert votes("prod-grow") == ["5/5", "5/5", "7/7"]
    assert finding("prod-grow", "size").text == (
        "5 members become 7; with them comes 2 machines of type m7g.xlarge, "
        "2 gp3 volumes of 50 GiB with 6000 IOPS and 250 MiB/s, 2 secrets, 8 alarms"
    )
    assert finding("sets-grow", "size").text == (
        "3 members become 5; with them comes 2 pods with a volume claim of 10 GiB"
    )
    assert "spec.minAvailable is 4 instead of 2" in finding("sets-grow", "safeguard-update").text


def test_a_volume_that_grows_touches_no_member() -> None:
    for name in ("prod-volumes-grow", "sets-volumes-grow"):
        assert {by for _, _, by in happening(name)} == {""}
        assert cluster(name).verdict is Level.ATTENTION
        before, during, after = votes(name)
        assert before == during == after
    assert "5 volumes grow, each from 50 GiB to 100 GiB" in finding("prod-volumes-grow", "volume-grows").text
    assert finding("prod-volumes-grow", "priced").text.startswith("iops is 9000 instead of 6000: 5 gp3 volumes of 100")


@pytest.mark.parametrize(
    ("name", "coming", "going"),
    [("prod-zone-moved", f"{ZONE}c-2", f"{ZONE}a-2"), ("sets-zone-moved", "d-1", "c-1"),
     ("static-exchanged", "c-2", "c-1")],
)  # fmt: skip
def test_who_joins_comes_before_who_leaves(name: str, coming: str, going: str) -> None:
    assert [slot for _, slot, _ in happening(name)] == [coming, going]
    assert finding(name, "members-added").text.endswith(f"before anybody leaves: {coming}")
    assert finding(name, "members-dropped").text.endswith(going)
    assert finding(name, "goes-with-member").where == going
    lost = [each for each in cluster(name).findings if each.code == "data-delete"]
    assert {(each.level, each.where) for each in lost} == {(Level.ATTENTION, going)}
    assert cluster(name).verdict is Level.ATTENTION


def test_protected_volumes_stand_in_the_way_of_leaving() -> None:
    found = reviewed("prod-shrink")
    assert found.verdict is Level.REFUSE
    protected = [each for each in cluster("prod-shrink").findings if each.code == "protected"]
    assert [each.where for each in protected] == [f"aws-prod-{ZONE}{slot}-volume" for slot in ("a-2", "b-2")]
    assert all("take the protection back" in each.remedy for each in protected)
    assert finding("prod-shrink", "tolerates-less").text.endswith("the failure of 1 member, instead of 2")


def test_protection_that_goes_is_told_with_everything_it_held() -> None:
    found = [each for each in cluster("prod-unprotected").findings if each.code == "protection"]
    assert {each.where for each in found} >= {"aws-prod-bucket", "aws-prod-key", ", ".join(VOLUMES)}
    assert all(each.level is Level.ATTENTION for each in found)
    assert "forceDestroy is True instead of False" in finding("prod-unprotected", "in-place").text


def test_a_key_that_goes_is_told_with_the_data_that_nobody_can_read_without_it() -> None:
    found = finding("prod-key-exchanged", "key-delete")
    assert found.level is Level.REFUSE
    assert f"what stays encrypted with it: {', '.join(VOLUMES)};" in found.text
    assert "keep it declared" in found.remedy
    moved = finding("prod-key-exchanged", "in-place")
    assert "5 of aws:secretsmanager/secret:Secret" in moved.text
    assert "kmsKeyId is " in moved.text


def test_a_bucket_that_is_replaced_is_told_with_all_that_follows_it() -> None:
    assert finding("prod-bucket-renamed", "channel-replace").level is Level.REFUSE
    followers = [each.where for each in cluster("prod-bucket-renamed").findings if each.code == "replaced-by-cascade"]
    assert {"aws-prod-agent", "aws-prod-etcd", "aws-prod-bucket-encryption", "aws-prod-bucket-versioning"} <= {
        *followers
    }
    assert any("channel: cannot change" in each.text for each in reviewed("prod-bucket-renamed").findings)


@pytest.mark.parametrize(
    ("name", "slot", "code", "worst"),
    [("prod-volume-replaced", FIVE[0], "data-replace", "4/5"), ("sets-set-replaced", "b-1", "data-replace", "2/3")],
)
def test_what_the_engine_replaces_passes_by_the_gate(name: str, slot: str, code: str, worst: str) -> None:
    assert finding(name, code).level is Level.REFUSE
    assert finding(name, code).where == slot
    assert happening(name) == [(0, slot, "engine")]
    assert votes(name)[1] == worst
    assert slot in finding(name, "outside-the-gate").text
    assert any("hands over to nobody" in each for each in cluster(name).gaps)


def test_an_alarm_of_a_replaced_volume_is_told_to_change_with_it() -> None:
    assert "dimensions.VolumeId is not known yet" in finding("prod-volume-replaced", "sight-update").text


@pytest.mark.parametrize("name", ["prod-destroy", "prod-volume-deleted", "sets-destroy"])
def test_the_end_of_a_cluster_is_refused_and_names_all_that_goes(name: str) -> None:
    found = reviewed(name)
    assert found.verdict is Level.REFUSE
    assert votes(name)[1:] == [f"0/{5 if name.startswith('prod') else 3}", "?"]
    assert "cluster-retired" in {each.code for each in cluster(name).findings}


def test_a_comment_begins_with_every_sort_of_loss() -> None:
    top = markdown(reviewed("prod-destroy")).partition("####")[0]
    for what in ("the data volume", "the key without which", "the bucket of channel", "taken down"):
        assert what in top
    assert "(and 4 more like it)" in top


def test_a_node_cannot_be_exchanged_under_a_member() -> None:
    found = reviewed("static-node-moved")
    assert found.verdict is Level.REFUSE
    assert any("declare another slot" in each.text for each in found.findings)


def is_declared_anew(name: str) -> bool:
    """Whether the engine shows the Rollout, even where it shows changes only."""
    return any(step.type == ROLLOUT and step.change is not Change.SAME for step in preview(name).steps)


@pytest.mark.parametrize("name", [each for each in OWN if is_declared_anew(each)])
def test_a_preview_that_shows_changes_only_tells_the_same(name: str) -> None:
    """`pulumi preview --json | etcd-ops review`, without --show-sames."""
    whole, shown = reviewed(name), review(changes_only(name))
    assert (shown.verdict, shown.clusters) == (whole.verdict, whole.clusters)


@pytest.mark.parametrize("name", [each for each in OWN if not is_declared_anew(each) and each != "prod-nothing"])
def test_where_the_declaration_stays_the_review_says_what_it_lacks(name: str) -> None:
    shown = review(changes_only(name))
    (found,) = shown.clusters
    assert shown.verdict.rank >= reviewed(name).verdict.rank
    assert ["--show-sames" in each.remedy for each in found.findings if each.code == "rollout-not-shown"] == [True]


def changes_only(name: str) -> Preview:
    found = preview(name)
    return replace(found, steps=tuple(step for step in found.steps if step.change is not Change.SAME))
