"""What `pulumi` prints, in each of its forms, and what it does not print."""

from __future__ import annotations

import json
from typing import Any

import pytest

from etcd_ops.review import Unreadable, read_preview, read_violations
from etcd_ops.review.preview import Change

URN = "urn:pulumi:s::p::a:b:C::name::with::colons"


def event(number: int, **parts: Any) -> str:
    return json.dumps({"sequence": number, "timestamp": 0, **parts}) + "\n"


def violation(level: str) -> str:
    told = {"policyName": "zone-spread", "message": " too few zones\n", "enforcementLevel": level, "resourceUrn": URN}
    return event(1, policyEvent=told)


def digest(*steps: dict[str, Any], **more: Any) -> str:
    return json.dumps({"steps": list(steps), "changeSummary": {}, **more})


def step(op: str) -> dict[str, Any]:
    return {"op": op, "urn": URN, "oldState": {"inputs": {"x": 1}}, "newState": {"inputs": {"x": 2}}}


def test_a_digest_is_read() -> None:
    found = read_preview(digest({**step("update"), "detailedDiff": {"x.y": {}}}))
    (only,) = found.steps
    assert (only.change, only.name, only.type) == (Change.UPDATE, "name::with::colons", "a:b:C")
    assert only.reasons == ("x.y",)
    assert only.what_changes() == ("x is 2 instead of 1",)
    assert found.stack == "p/s"
    assert found.complete


@pytest.mark.parametrize(
    ("operations", "change"),
    [
        (["replace"], Change.REPLACE),
        (["create-replacement", "replace", "delete-replaced"], Change.REPLACE),
        (["delete-replaced", "replace", "create-replacement"], Change.REPLACE),
        (["create", "delete"], Change.REPLACE),
        (["same", "delete"], Change.DELETE),
        (["refresh", "update"], Change.UPDATE),
        (["same", "invented"], Change.UNKNOWN),
    ],
)
def test_steps_of_one_resource_are_one(operations: list[str], change: Change) -> None:
    (only,) = read_preview(digest(*map(step, operations))).steps
    assert only.change is change


@pytest.mark.parametrize(
    ("operations", "first"),
    [
        (["delete-replaced", "replace", "create-replacement"], True),
        (["create-replacement", "replace", "delete-replaced"], False),
        (["replace"], False),
    ],
)
def test_what_is_deleted_first_is_seen(operations: list[str], first: bool) -> None:
    (only,) = read_preview(digest(*map(step, operations))).steps
    assert only.deleted_first is first


def test_a_stream_without_its_summary_is_not_complete() -> None:
    metadata = {"op": "create", "urn": URN, "new": {"inputs": {}}}
    before = event(1, resourcePreEvent={"metadata": metadata})
    assert not read_preview(before).complete
    assert read_preview(before + event(2, summaryEvent={"resourceChanges": {}})).complete


def test_only_warnings_and_errors_are_complaints() -> None:
    told = [{"severity": level, "message": level} for level in ("debug", "info", "info#err", "warning", "error")]
    stream = "".join(event(number, diagnosticEvent=each) for number, each in enumerate(told))
    for text in (stream, digest(diagnostics=told)):
        assert [(each.text, each.error) for each in read_preview(text).complaints] == [
            ("warning", False),
            ("error", True),
        ]


@pytest.mark.parametrize(
    ("level", "mandatory"), [("mandatory", True), ("remediate", True), ("advisory", False), ("", True)]
)
def test_violations_are_read_from_previews_and_analyses(level: str, mandatory: bool) -> None:
    for found in (read_preview(violation(level)).violations, read_violations(violation(level))):
        (only,) = found
        assert (only.policy, only.text, only.mandatory) == ("zone-spread", "too few zones", mandatory)


def test_an_analysis_may_have_nothing_to_say() -> None:
    assert read_violations(" \n") == ()


@pytest.mark.parametrize(
    "text", ["", "nothing", "[]", "3", "{}", '{"a": 1}', '{"steps": [1]}', '{"steps": [', "null", "{" * 5000]
)
def test_what_is_no_preview_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read_preview(text)


@pytest.mark.parametrize("text", ["{}", "[]", "x", '{"steps": []}'])
def test_what_is_no_analysis_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read_violations(text)
