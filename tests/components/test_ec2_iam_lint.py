"""Every IAM document of an Ec2Cluster, as a linter sees it."""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_etcd.ec2.planned import Json, Ref, replaced
from tests.components import ec2
from tests.components.iam_linter import findings

ARNS = {
    "orders-key": f"arn:aws:kms:{ec2.REGION}:{ec2.ACCOUNT}:key/12345678-1234-1234-1234-123456789012",
    "orders-zone": "arn:aws:route53:::hostedzone/Z0123456789ABC",
}
ACCEPTED = {
    # The policy of a key is of this key alone, and names it so.
    "Key": {"RESOURCE_STAR"},
    # An endpoint's policy bounds by conditions who calls, and whose resources are called.
    "VpcEndpoint": {"RESOURCE_STAR"},
    # A role's trust has no resource: it is the role.
    "Role": {"MALFORMED"},
    # For a version of TLS the linter takes whole numbers only, and asks for it with actions that do not have it.
    "BucketPolicy": {"MISMATCHED_TYPE", "UNKNOWN_CONDITION_FOR_ACTION"},
    "RolePolicy": set[str](),
}


def documents() -> dict[str, tuple[str, Any]]:
    """Kind and content of every document, by its resource's name."""
    planned = ec2.planned(ec2.declaration(load_balancer={}))
    return {
        each.name: (each.kind.rpartition(":")[2], replaced(text.value, resolved))
        for each in planned
        for text in each.properties.values()
        if isinstance(text, Json)
    }


def resolved(leaf: Any) -> Any:
    return ARNS[leaf.of] if isinstance(leaf, Ref) else leaf


DOCUMENTS = documents()


def test_there_are_documents_of_every_kind() -> None:
    assert {kind for kind, _ in DOCUMENTS.values()} == ACCEPTED.keys()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_linter_finds_nothing_but_what_is_accepted(name: str) -> None:
    kind, document = DOCUMENTS[name]
    found = findings(document)
    assert not [each for each in found if each[0] not in ACCEPTED[kind]]
    assert kind != "BucketPolicy" or all("s3:TlsVersion" in detail for _, detail in found)
    assert kind != "Role" or {detail for _, detail in found} == {"Statement contains neither Resource nor NotResource"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"Action": "s3:GetObjects"}, "UNKNOWN_ACTION"),
        ({"Resource": f"arn:aws:sqs:{ec2.REGION}:{ec2.ACCOUNT}:queue"}, "RESOURCE_MISMATCH"),
        ({"Condition": {"StringEquals": {"s3:NoSuchKey": "a"}}}, "UNKNOWN_CONDITION_FOR_ACTION"),
    ],
)
def test_the_linter_finds_mistakes(change: dict[str, Any], expected: str) -> None:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::orders/*"}
    assert not findings({"Version": "2012-10-17", "Statement": [statement]})
    found = findings({"Version": "2012-10-17", "Statement": [statement | change]})
    assert expected in {kind for kind, _ in found}
