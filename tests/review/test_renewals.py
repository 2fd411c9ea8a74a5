"""What a preview does beyond renewing certificates in their window: with nobody looking, nothing of it may be done."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etcd_ops.review import Level, Review, read_preview, review
from etcd_ops.review.preview import CHANGES, Change
from etcd_ops.review.result import worst
from etcd_ops.review.values import UNKNOWN
from tests.review import renewed
from tests.review.renewed import LEAF, ROLLOUT, SECRET_VERSION, Document, name, on_aws, on_this_machine, token

LEAVES = sorted(name(step) for step in renewed.recorded("prod-nothing")["steps"] if token(step) == LEAF)
BESIDE = ("aws:s3/bucket:Bucket", "aws:iam/rolePolicy:RolePolicy", "aws:ec2/securityGroup:SecurityGroup")
"""Types of resources beside clusters, of which no other rule speaks."""
ACTIVE = sorted(op for op, change in CHANGES.items() if change not in (Change.SAME, Change.READ))


def reviewed(preview: Document) -> Review:
    return review(read_preview(json.dumps(preview)), only_renewals=True)


def beyond(found: Review) -> list[str]:
    return [each.where for each in found.findings if each.code == "beyond-renewal"]


def beside(kind: str, op: str) -> Document:
    """A step of a resource that is of no cluster."""
    state = {"inputs": {"name": "images"}, "parent": ""}
    return {"op": op, "urn": f"urn:pulumi:s::p::{kind}::images", "oldState": state, "newState": state}


def one_of(preview: Document, kind: str) -> Document:
    return next(step for step in preview["steps"] if token(step) == kind and step["op"] != "same")


@given(st.sets(st.sampled_from(LEAVES)))
@settings(max_examples=10)
def test_any_leaves_in_their_window_and_what_follows_from_them_are_renewals(leaves: set[str]) -> None:
    found = reviewed(on_aws(leaves))
    assert (found.verdict, found.changes.get("replace", 0) >= len(leaves)) == (Level.FINE, True)


def test_so_are_those_that_members_of_this_machine_get() -> None:
    found = reviewed(on_this_machine())
    assert (found.verdict, found.changes["replace"], found.changes["update"]) == (Level.FINE, 14, 5)


@pytest.mark.parametrize("recorded", ["nothing", "prod-nothing", "nothing-shown", "refresh"])
def test_nothing_is_beyond_where_nothing_changes(recorded: str) -> None:
    assert beyond(reviewed(renewed.recorded(recorded))) == []


@pytest.mark.parametrize("kind", BESIDE)
@pytest.mark.parametrize("op", [*ACTIVE, "invented"])
def test_whatever_happens_beside_clusters_is_beyond(kind: str, op: str) -> None:
    preview = {"steps": [beside(kind, op)], "changeSummary": {}}
    assert review(read_preview(json.dumps(preview))).verdict is Level.FINE
    found = reviewed(preview)
    assert (found.verdict, beyond(found)) == (Level.ATTENTION, ["images"])


@pytest.mark.parametrize("op", sorted(set(CHANGES) - set(ACTIVE)))
def test_what_is_only_read_is_not(op: str) -> None:
    assert reviewed({"steps": [beside(BESIDE[0], op)], "changeSummary": {}}).verdict is Level.FINE


def test_what_happens_beside_a_renewal_is_beyond() -> None:
    preview = on_aws(LEAVES[:1])
    preview["steps"].append(beside(BESIDE[0], "delete"))
    assert beyond(reviewed(preview)) == ["images"]


@pytest.mark.parametrize(
    "recorded",
    ["quota-raised", "grow", "create", "aws-image", "aws-renewed", "kubernetes-renewed", "sets-memory", "prod-upgrade",
     "renewal-shorter", "leaf-key-replaced", "rotation-barrier-2", "prod-rotation-barrier-1"],
)  # fmt: skip
def test_what_a_change_of_the_program_does_is_beyond(recorded: str) -> None:
    found = reviewed(renewed.recorded(recorded))
    assert found.verdict is not Level.FINE
    assert beyond(found)


def _another_leaf(preview: Document) -> None:
    one_of(preview, LEAF)["newState"]["inputs"]["validityPeriodHours"] = 1


def _leaf_without_its_window(preview: Document) -> None:
    one_of(preview, LEAF).update(replaceReasons=["id"], diffReasons=[], detailedDiff={})


def _setting(preview: Document) -> None:
    one_of(preview, ROLLOUT)["newState"]["inputs"]["cluster"]["etcd"]["logLevel"] = "debug"


def _mode(preview: Document) -> None:
    one_of(preview, ROLLOUT)["newState"]["inputs"]["mode"] = UNKNOWN


def _other_secret(preview: Document) -> None:
    one_of(preview, SECRET_VERSION)["replaceReasons"] = ["secretString", "secretId"]


def _secret_from_elsewhere(preview: Document) -> None:
    one_of(preview, SECRET_VERSION)["newState"]["propertyDependencies"]["secretString"] = []


def _secret_that_goes(preview: Document) -> None:
    one_of(preview, SECRET_VERSION).update(op="delete", newState=None)


def _rollout_anew(preview: Document) -> None:
    one_of(preview, ROLLOUT).update(op="replace", replaceReasons=["cluster"])


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (_another_leaf, LEAF),
        (_leaf_without_its_window, LEAF),
        (_setting, ROLLOUT),
        (_mode, ROLLOUT),
        (_other_secret, SECRET_VERSION),
        (_secret_from_elsewhere, SECRET_VERSION),
        (_secret_that_goes, SECRET_VERSION),
        (_rollout_anew, ROLLOUT),
    ],
)
def test_what_a_renewal_does_not_explain_is_beyond(change: Callable[[Document], None], kind: str) -> None:
    preview = copy.deepcopy(on_aws())
    changed = name(one_of(preview, kind))
    change(preview)
    found = reviewed(preview)
    assert found.verdict is not Level.FINE
    assert changed in beyond(found)


@pytest.mark.parametrize(
    ("kind", "op", "verdict"),
    [
        ("kubernetes:core/v1:Secret", "update", Level.FINE),
        ("kubernetes:core/v1:Secret", "replace", Level.ATTENTION),
        (SECRET_VERSION, "replace", Level.FINE),
        (SECRET_VERSION, "create", Level.ATTENTION),
        ("etcd:index:LocalContext", "update", Level.FINE),
        ("aws:iam/rolePolicy:RolePolicy", "update", Level.ATTENTION),
        ("kubernetes:core/v1:ConfigMap", "update", Level.ATTENTION),
    ],
)
def test_certificates_are_delivered_by_secrets_and_by_resources_of_etcd(kind: str, op: str, verdict: Level) -> None:
    preview = on_aws(["aws-prod-operator-client-1"])
    step, leaf = beside(kind, op), one_of(preview, LEAF)["urn"]
    step["oldState"] = {"inputs": {"data": "before"}}
    step["newState"] = {"inputs": {"data": UNKNOWN}, "propertyDependencies": {"data": [leaf]}}
    found = reviewed({"steps": [one_of(preview, LEAF), step], "changeSummary": {}})
    assert [each.code for each in found.findings if each.level is not Level.FINE] in ([], ["beyond-renewal"])
    assert worst(each.level for each in found.findings) is verdict


def complained(severity: str) -> Document:
    return {**on_aws(LEAVES[:1]), "diagnostics": [{"severity": severity, "message": "ACLs are deprecated"}]}


def test_a_warning_is_told_and_stops_nothing() -> None:
    found = reviewed(complained("warning"))
    assert found.verdict is Level.FINE
    assert "warning" in {each.code for each in found.findings}
    assert review(read_preview(json.dumps(complained("warning")))).verdict is Level.ATTENTION


def test_an_error_and_a_preview_without_its_end_are_refused() -> None:
    unfinished = {key: value for key, value in on_aws().items() if key != "changeSummary"}
    assert [reviewed(each).verdict for each in (complained("error"), unfinished)] == [Level.REFUSE, Level.REFUSE]


@pytest.mark.parametrize(("level", "verdict"), [("advisory", Level.FINE), ("mandatory", Level.REFUSE)])
def test_a_rule_that_advises_stops_nothing(level: str, verdict: Level) -> None:
    event = {"policyName": "zone-spread", "message": "too few zones", "enforcementLevel": level}
    stream = renewed.streamed(on_aws([])) + "\n" + json.dumps({"sequence": 2, "timestamp": 1, "policyEvent": event})
    assert review(read_preview(stream), only_renewals=True).verdict is verdict


def test_a_stream_does_not_tell_what_follows_from_what_and_passes_nothing() -> None:
    found = review(read_preview(renewed.streamed(on_aws(LEAVES[:1]))), only_renewals=True)
    assert found.verdict is Level.ATTENTION


def test_no_value_is_printed() -> None:
    step: dict[str, Any] = beside("kubernetes:core/v1:Secret", "update")
    step["newState"] = {"inputs": {"data": {"password": "hunter2"}}, "parent": ""}
    found = reviewed({"steps": [step], "changeSummary": {}})
    assert "data" in str(found)
    assert "hunter2" not in str(found)
