"""Rules, each by the smallest change that it speaks of: for what no recording has."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from etcd_ops.review import Level, Review, read_preview, review
from etcd_ops.review.values import UNKNOWN
from tests.model.samples import GIB, at, body, fingerprint, reissued, trust

COMPONENT = "urn:pulumi:s::p::etcd:index:LocalCluster::sample"
ROLLOUT = "urn:pulumi:s::p::etcd:index:LocalCluster$etcd:index:Rollout::sample"
CHANNEL = {"kind": "directory", "directory": "/srv/channel"}
Step = dict[str, Any]


def state(inputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"parent": COMPONENT, "inputs": inputs, **more}


def rollout(before: dict[str, Any] | None, after: dict[str, Any] | None, op: str = "update", **inputs: Any) -> Step:
    """The Rollout of bodies before and after; `inputs` of it are new."""
    old = state({"channel": CHANNEL, "cluster": before}) if before is not None else None
    new = state({"channel": CHANNEL, "cluster": after, **inputs}) if after is not None else None
    return {"op": op, "urn": ROLLOUT, "oldState": old, "newState": new}


def resource(op: str, token: str, name: str, inputs: dict[str, Any] | None = None, **more: Any) -> Step:
    urn = f"urn:pulumi:s::p::etcd:index:LocalCluster${token}::{name}"
    found: Step = {"op": op, "urn": urn, "oldState": state(inputs or {}, **more)}
    return found if op == "delete" else {**found, "newState": state(inputs or {}, **more)}


def reviewed(*steps: Step) -> Review:
    return review(read_preview(json.dumps({"steps": list(steps), "changeSummary": {}})))


def told(found: Review) -> set[str]:
    """Level, code and place of everything that is told, but that nothing here tells of policies."""
    every = [*found.findings, *(each for cluster in found.clusters for each in cluster.findings)]
    codes = {f"{each.level.value} {each.code} {each.where}".strip() for each in every}
    return codes - {"fine policies-not-asked"}


SINGLE = body(1)
STOPPABLE = at(SINGLE, "allowOutage", True)
CUT = at(at(at(body(), "incarnation", 2), "trust.peer", trust("peer", 2)), "trust.client", trust("client", 2))
RECOVERED = reissued(reissued(CUT, "peer", 2), "client", 2)
TWO_CLIENTS = at(body(), "trust.client", trust("client", 1, 2))
CHANGES: list[tuple[str, dict[str, Any], dict[str, Any], set[str]]] = [
    ("nothing", body(), body(), set()),
    ("another program", body(), at(body(), "etcd.binary.sha256", fingerprint("x")),
     {"attention another-program etcd.version", "fine rolled-by-agents"}),
    ("an older patch", body(), at(body(), "etcd.version", "3.6.14"),
     {"attention patch etcd.version", "fine rolled-by-agents"}),
    ("a downgrade", at(body(), "etcd.version", "3.7.2"), body(),
     {"attention downgrade etcd.version", "fine rolled-by-agents"}),
    ("two lines up", at(body(), "etcd.version", "3.5.34"), at(body(), "etcd.version", "3.7.2"),
     {"refuse forbidden etcd.version", "fine rolled-by-agents"}),
    ("version and members", body(), at(body(5), "etcd.version", "3.7.2"),
     {"refuse forbidden members", "attention upgrade etcd.version", "attention members-added", "attention size members",
      "fine rolled-by-agents"}),
    ("a pod", body(), at(body(), "members.b-1.template", "f" * 64), {"fine rolled-by-agents"}),
    ("an agent's pod", body(), at(body(), "members.b-1.agentTemplate", "f" * 64), {"fine agents-hand-over"}),
    ("a release of the agent", body(), at(body(), "agent.version", "9"), {"fine agents-hand-over"}),
    ("one voter restarts", SINGLE, at(SINGLE, "etcd.logLevel", "debug"),
     {"attention waits-for-outage", "fine rolled-by-agents", "fine setting etcd.logLevel"}),
    ("one voter may restart", STOPPABLE, at(STOPPABLE, "etcd.logLevel", "debug"),
     {"attention declared-outage", "fine rolled-by-agents", "fine setting etcd.logLevel"}),
    ("no more outages", at(body(), "allowOutage", True), body(), {"attention allow-outage allowOutage"}),
    ("a smaller volume", body(), at(body(), "members.a-1.volumeBytes", 8 * GIB),
     {"refuse forbidden members.a-1.volumeBytes"}),
    ("other leaves from nowhere", body(), at(body(), "members.a-1.certificates.peer", UNKNOWN),
     {"attention leaves-unknown a-1"}),
    ("renewed leaves", body(), reissued(body(), "peer", 7), {"fine leaves-renewed"}),
    ("an authority that may be another", body(), at(body(), "trust.peer.authorities.1", UNKNOWN),
     {"attention authority-unknown peer"}),
    ("the last barrier", TWO_CLIENTS, at(body(), "trust.client", trust("client", 2)),
     {"attention authority-dropped client", "fine rolled-by-agents"}),
    ("a recovery", body(), RECOVERED,
     {"attention incarnation", "fine leaves-renewed", "fine rolled-by-agents"}),
    ("metrics' barrier", body(), at(body(), "trust.metrics", trust("metrics", 1, 2, issuer=1)),
     {"attention authority-added metrics"}),
    ("a zone that is not known", body(), at(body(), "members.a-1.zone", UNKNOWN),
     {"attention unreadable", "attention not-known-yet cluster.members.a-1.zone", "attention quorum-unknown"}),
    ("a field from tomorrow", body(), at(body(), "tomorrow", 1), {"attention unreadable", "attention quorum-unknown"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "expected"), [each[1:] for each in CHANGES], ids=[each[0] for each in CHANGES]
)
def test_a_change_of_the_declaration(before: dict[str, Any], after: dict[str, Any], expected: set[str]) -> None:
    assert told(reviewed(rollout(before, after))) == expected


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"mode": "observe-only"}, {"attention mode mode"}),
        ({"formerOwner": "urn:other"}, {"attention owner-changes"}),
        ({"adopt": True}, {"attention adopted"}),
        ({"channel": {"kind": "directory", "directory": "/elsewhere"}}, {"refuse channel-changes"}),
        ({"mode": UNKNOWN}, {"attention not-known-yet mode"}),
        ({"waitsFor": {"a": UNKNOWN}}, set()),
        ({"deadlineSeconds": 3}, set()),
    ],
)
def test_a_change_around_the_declaration(inputs: dict[str, Any], expected: set[str]) -> None:
    assert told(reviewed(rollout(body(), body(), **inputs))) == expected


VERSION_OF_SECRET = "aws:secretsmanager/secretVersion:SecretVersion"
SET = "kubernetes:apps/v1:StatefulSet"
SAME = rollout(body(), body(), "same")
MEMBER, VOLUME = "etcd:index:LocalMember", "aws:ebs/volume:Volume"
RESOURCES: list[tuple[str, Step, set[str]]] = [
    ("a kept volume", resource("delete", MEMBER, "sample-a-1", {"slot": "a-1", "keepVolume": True}),
     {"attention data-delete a-1", "refuse outside-the-gate"}),
    ("a volume that the engine lets go", resource("delete", VOLUME, "sample-a-1-volume", retainOnDelete=True),
     {"attention data-delete a-1", "refuse outside-the-gate"}),
    ("a protected volume", resource("delete", VOLUME, "sample-a-1-volume", protect=True),
     {"refuse data-delete a-1", "refuse outside-the-gate", "refuse protected sample-a-1-volume"}),
    ("a member of nobody knows which slot", resource("replace", VOLUME, "other", replaceReasons=["x"]),
     {"refuse data-replace other", "refuse outside-the-gate"}),
    ("an unknown type", resource("delete", "aws:new/thing:Thing", "thing"), {"attention unknown-type thing"}),
    ("a new unknown type", resource("create", "aws:new/thing:Thing", "thing"), set()),
    ("an update of an unknown type", resource("update", "aws:new/thing:Thing", "thing"), {"fine unknown-type thing"}),
    ("an update of a type that others judge", resource("update", "etcd:index:LocalContext", "context"), set()),
    ("an unknown operation", resource("invented", "etcd:index:LocalContext", "context"),
     {"attention unknown-operation context"}),
    ("a load balancer comes", resource("create", "aws:lb/loadBalancer:LoadBalancer", "lb"),
     {"attention paid lb", "attention reach-create lb"}),
    ("keys are delivered anew", resource("replace", VERSION_OF_SECRET, "sample-a-1-keys"),
     {"fine secret-replace a-1"}),
    ("an authority's key goes", resource("delete", "tls:index/privateKey:PrivateKey", "sample-peer-ca-1"),
     {"refuse authority-deleted sample-peer-ca-1"}),
    ("a dropped authority's key goes", resource("delete", "tls:index/privateKey:PrivateKey", "sample-peer-ca-7"),
     {"attention authority-deleted sample-peer-ca-7"}),
    ("a leaf's key goes", resource("delete", "tls:index/privateKey:PrivateKey", "sample-a-1-peer-1"), set()),
]  # fmt: skip


@pytest.mark.parametrize(("step", "expected"), [each[1:] for each in RESOURCES], ids=[each[0] for each in RESOURCES])
def test_a_change_of_a_resource(step: Step, expected: set[str]) -> None:
    assert told(reviewed(SAME, step)) == expected


GROUP, SECRET, KEY = "aws:autoscaling/group:Group", "kubernetes:core/v1:Secret", "aws:kms/key:Key"
MOVED = rollout(body(), at(body(), "members.a-1.template", "f" * 64))
UPDATES: list[tuple[str, Step, str, Step, set[str]]] = [
    ("a volume that is found by its tags", SAME, VOLUME, {"tags": [{"etcd-slot": "a-1"}, {"etcd-slot": "b-1"}]},
     {"attention in-place sample-a-1-volume"}),
    ("a group in another subnet", SAME, GROUP, {"vpcZoneIdentifiers": [["subnet-a"], ["subnet-b"]]},
     {"refuse ungated-vpcZoneIdentifiers sample-a-1-volume"}),
    ("a group in a zone more", SAME, GROUP, {"availabilityZones": [["a"], ["a", "b"]]},
     {"attention in-place sample-a-1-volume"}),
    ("a group in another zone", SAME, GROUP, {"availabilityZones": [["a"], ["b"]]},
     {"refuse ungated-availabilityZones sample-a-1-volume"}),
    ("a group whose machine is not made anew", SAME, GROUP, {"tags": [[{"value": "1"}], [{"value": "2"}]]},
     {"attention in-place sample-a-1-volume"}),
    ("a group whose machine is made anew", MOVED, GROUP, {"tags": [[{"value": "1"}], [{"value": "2"}]]},
     {"fine rolled-by-agents"}),
    ("a pod that is not made anew", SAME, SET, {"spec": [{"template": 1}, {"template": 2}]},
     {"attention in-place sample-a-1-volume"}),
    ("a pod that is made anew", MOVED, SET, {"spec": [{"template": 1}, {"template": 2}]}, {"fine rolled-by-agents"}),
    ("a set without pods", SAME, SET, {"spec": [{"replicas": 1}, {"replicas": 0}]},
     {"attention in-place sample-a-1-volume", "refuse outside-the-gate"}),
    ("keys that are delivered anew", SAME, SECRET, {"data": [{"a": 1}, {"a": 2}]}, set()),
    ("a secret's value", SAME, VERSION_OF_SECRET, {"secretString": ["old", "new"]}, set()),
    ("a secret of another type", SAME, SECRET, {"type": ["Opaque", "tls"]}, {"attention in-place sample-a-1-volume"}),
    ("a key that is rotated no more", SAME, KEY, {"enableKeyRotation": [True, False]},
     {"attention in-place sample-a-1-volume"}),
    ("an agent's pod that is not made anew", SAME, "kubernetes:apps/v1:DaemonSet", {"spec": [1, 2]},
     {"attention reach-update sample-a-1-volume"}),
    ("a member that its own provider judges", SAME, MEMBER, {"directory": ["/a", "/b"]}, set()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("declared", "token", "inputs", "expected"), [each[1:] for each in UPDATES], ids=[each[0] for each in UPDATES]
)
def test_a_change_where_something_is(
    declared: Step, token: str, inputs: dict[str, list[Any]], expected: set[str]
) -> None:
    before, after = ({name: values[place] for name, values in inputs.items()} for place in (0, 1))
    step = resource("update", token, "sample-a-1-volume", before)
    step["newState"] = state(after)
    assert told(reviewed(declared, step)) == expected


def test_of_what_nobody_knows_no_value_is_told() -> None:
    step = resource("update", "aws:new/thing:Thing", "thing", {"token": "old", "other": 1})
    step["newState"] = state({"token": "new", "other": 1})
    (found,) = reviewed(SAME, step).clusters[0].findings
    assert (found.level, found.text) == (
        Level.FINE, "aws:new/thing:Thing thing changes (token): what that means is not known"
    )  # fmt: skip


def test_whether_policies_were_asked_is_told() -> None:
    preview = read_preview(json.dumps({"steps": [SAME], "changeSummary": {}}))
    (found,) = review(preview).findings
    assert (found.level, found.code) == (Level.FINE, "policies-not-asked")
    assert "--policies" in found.remedy
    assert review(replace(preview, audited=True)).findings == ()


def test_what_stays_encrypted_with_a_key_that_goes_is_named() -> None:
    key = resource("delete", KEY, "sample-key")
    sources = {"propertyDependencies": {"kmsKeyId": [key["urn"]]}}
    kept = resource("same", VOLUME, "kept", {"kmsKeyId": "arn:1"}, **sources)
    moved = resource("update", VOLUME, "moved", {"kmsKeyId": "arn:1"}, **sources)
    moved["newState"] = state({"kmsKeyId": "arn:2"})
    other = resource("same", VOLUME, "other", {"kmsKeyId": "arn:3"})
    (cluster,) = reviewed(SAME, key, kept, moved, other).clusters
    (found,) = [each for each in cluster.findings if each.code == "key-delete"]
    assert "what stays encrypted with it: kept;" in found.text


def test_of_what_is_alike_in_very_many_resources_the_first_are_named() -> None:
    alarms = [resource("delete", "aws:cloudwatch/metricAlarm:MetricAlarm", f"alarm-{number:02}") for number in range(9)]
    (cluster,) = reviewed(SAME, *alarms).clusters
    (found,) = [each for each in cluster.findings if each.code == "sight-delete"]
    assert found.where == "alarm-00, alarm-01, alarm-02, alarm-03, alarm-04, alarm-05, alarm-06 and 2 more"
    assert "9 of aws:cloudwatch/metricAlarm:MetricAlarm" in found.text


def test_dropped_members_leave_before_their_volumes_go() -> None:
    after = at(at(body(5), "members.a-2", None), "members.b-2", None)
    gone = [resource("delete", MEMBER, f"sample-{slot}", {"slot": slot}) for slot in ("a-2", "b-2")]
    found = reviewed(rollout(body(5), after), *gone)
    assert found.verdict is Level.ATTENTION
    assert {"attention data-delete a-2", "attention data-delete b-2", "attention tolerates-less"} <= told(found)


def test_a_cluster_that_comes_under_another_name_is_told() -> None:
    other = {**rollout(None, body(), "create"), "urn": ROLLOUT.replace("::sample", "::other")}
    other["newState"]["parent"] = COMPONENT.replace("::sample", "::other")
    assert "refuse renamed sample" in told(reviewed({**rollout(body(), None, "delete")}, other))


@pytest.mark.parametrize(
    ("token", "inputs", "expected"),
    [
        (MEMBER, {}, {"refuse ownerless m"}),
        (VOLUME, {"tags": {"etcd-cluster": "sample"}}, {"refuse ownerless m"}),
        (SET, {"metadata": {"labels": {"pulumi-etcd.dev/cluster": "s"}}}, {"refuse ownerless m"}),
        (VOLUME, {"tags": {"somebody": "else"}}, set()),
    ],
)  # fmt: skip
def test_a_member_without_a_cluster_is_told(token: str, inputs: dict[str, Any], expected: set[str]) -> None:
    step = {"op": "delete", "urn": f"urn:pulumi:s::p::{token}::m", "oldState": {"inputs": inputs}}
    assert told(reviewed(step)) == expected


def test_a_cluster_without_its_rollout_is_never_fine() -> None:
    found = reviewed(resource("update", MEMBER, "sample-a-1", {"slot": "a-1"}))
    assert told(found) == {"attention rollout-not-shown"}


@pytest.mark.parametrize(
    ("digest", "expected"),
    [
        ({"maybeCorrupt": True, "changeSummary": {}}, {"refuse corrupt"}),
        ({"steps": []}, {"refuse incomplete"}),
        ({"changeSummary": {}, "diagnostics": [{"severity": "warning", "message": "w"}]}, {"attention warning"}),
        ({"changeSummary": {}, "diagnostics": [{"severity": "error", "message": "e", "urn": ROLLOUT}]},
         {"refuse error sample"}),
    ],
)  # fmt: skip
def test_what_the_engine_says_of_itself(digest: dict[str, Any], expected: set[str]) -> None:
    assert told(review(read_preview(json.dumps(digest)))) == expected


def test_protection_that_is_taken_back_is_told() -> None:
    step = resource("same", VOLUME, "sample-a-1-volume", protect=True)
    step["newState"] = state({})
    assert told(reviewed(SAME, step)) == {"attention protection sample-a-1-volume"}
