"""What says who may write desired documents, and what it means that it goes, or changes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from etcd_ops.review import Level, read_preview, review
from etcd_ops.review.values import UNKNOWN
from tests.review.altered import changed, digest, refusals, reviewed, step_of
from tests.review.record import FOLDER

POLICY, PRIVACY = "aws-prod-bucket-policy", "aws-prod-bucket-privacy"
DELETED, UPDATED = "safeguard-delete", "safeguard-update"


def text(preview: dict[str, Any], name: str) -> str:
    """The only finding about this."""
    (found,) = [each for each in reviewed(preview).clusters[0].findings if each.where == name]
    return found.text


@pytest.mark.parametrize(
    ("name", "means"), [(POLICY, "keeps members from desired documents"), (PRIVACY, "make the channel public")]
)
def test_a_guard_that_goes_is_refused(name: str, means: str) -> None:
    preview = digest()
    changed(preview, name, "delete")
    assert refusals(reviewed(preview)) == {name: DELETED}
    assert means in text(preview, name)


@pytest.mark.parametrize("name", [POLICY, PRIVACY])
def test_a_guard_that_only_the_stack_forgets_is_to_be_seen(name: str) -> None:
    preview = digest()
    changed(preview, name, "delete")
    step_of(preview, name)["oldState"]["retainOnDelete"] = True
    assert reviewed(preview).verdict is Level.ATTENTION


@pytest.mark.parametrize("name", [POLICY, PRIVACY])
def test_a_guard_that_is_replaced_is_to_be_seen(name: str) -> None:
    preview = digest()
    changed(preview, name, "replace", bucket="another")
    assert reviewed(preview).verdict is Level.ATTENTION


@pytest.mark.parametrize("value", [False, None])
@pytest.mark.parametrize(
    "setting", ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"]
)
def test_privacy_that_is_switched_off_is_refused(setting: str, value: bool | None) -> None:
    preview = digest()
    changed(preview, PRIVACY, "update", **{setting: value})
    assert refusals(reviewed(preview)) == {PRIVACY: UPDATED}
    assert setting in text(preview, PRIVACY)


def test_privacy_that_is_switched_on_is_to_be_seen() -> None:
    preview = digest()
    changed(preview, PRIVACY, "update", blockPublicAcls=False)
    step = step_of(preview, PRIVACY)
    step["oldState"], step["newState"] = step["newState"], step["oldState"]
    assert reviewed(preview).verdict is Level.ATTENTION


def denied(sid: str, **more: Any) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": ["s3:*"], "Resource": ["*"], **more}


CLEAR, PUBLISHED = denied("InTheClear"), denied("Published")
OTHERS = {"Sid": "Others", "Effect": "Allow", "Principal": "*", "Action": "s3:PutObject", "Resource": "*"}


def policy(*statements: dict[str, Any], **more: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, **more)


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (policy(CLEAR), "; it forbids no longer, or otherwise, Published: nothing but their own rights"),
        (policy(CLEAR, denied("Published", Action=["s3:Put*"])), "; it forbids no longer, or otherwise, Published: "),
        (policy(CLEAR, PUBLISHED, OTHERS), "; it allows from now on Others"),
        (policy(CLEAR, PUBLISHED, {**OTHERS, "Sid": ""}), "; it allows from now on one without a name"),
        (UNKNOWN, "; it forbids no longer, or otherwise, InTheClear, Published: "),
    ],
)
def test_another_policy_is_to_be_seen_with_what_it_means(after: str, told: str) -> None:
    preview = digest()
    changed(preview, POLICY, "update", policy=after)
    step_of(preview, POLICY)["oldState"]["inputs"]["policy"] = policy(CLEAR, PUBLISHED)
    assert reviewed(preview).verdict is Level.ATTENTION
    assert told in text(preview, POLICY)


@pytest.mark.parametrize(
    "after", [policy(CLEAR, PUBLISHED, indent=1), policy(PUBLISHED, CLEAR), policy(CLEAR, PUBLISHED, denied("More"))]
)
def test_a_policy_that_forbids_as_much_is_to_be_seen_as_such(after: str) -> None:
    preview = digest()
    changed(preview, POLICY, "update", policy=after)
    step_of(preview, POLICY)["oldState"]["inputs"]["policy"] = policy(CLEAR, PUBLISHED)
    assert reviewed(preview).verdict is Level.ATTENTION
    assert "; it " not in text(preview, POLICY)


def test_guards_go_with_their_cluster() -> None:
    found = review(read_preview((FOLDER / "prod-destroy.json").read_text()))
    assert not [each for each in found.clusters[0].findings if each.code == DELETED]
