"""Recorded previews of the real engine, each with what the review must say of it."""

from __future__ import annotations

import re

import pytest

from etcd_ops.review import Level
from etcd_ops.review.markdown import LIMIT, markdown, marker
from tests.review import expected
from tests.review.record import FOLDER

TABLE = expected.load()
DANGEROUS = [
    "destroy", "member-replaced", "members-replaced", "members-replaced-steps", "member-replaced-stream",
    "zone-replaced", "store-replaced", "authority-key-replaced", "rollout-replaced", "exchange-two", "rotation-skipped",
    "downgrade-to-3.5", "addressing-moved", "protected-shrink", "protected-destroy", "kept-destroy", "even",
    "aws-volume-unencrypted", "aws-volumes-moved", "aws-volume-deleted", "aws-key-deleted", "aws-bucket-renamed",
    "aws-zone-renamed", "aws-group-emptied", "aws-group-renamed", "aws-secret-renamed", "aws-removed", "aws-destroy",
    "aws-cascade", "aws-cascade-steps", "aws-cascade-deleted-first", "aws-open-ingress", "aws-everybody-added",
    "kubernetes-sets-renamed", "kubernetes-set-deleted", "kubernetes-namespace-renamed", "kubernetes-service-renamed",
    "kubernetes-removed", "kubernetes-kept-removed", "kubernetes-kept-set-deleted",
    "prod-shrink", "prod-key-exchanged", "prod-bucket-renamed", "prod-volume-replaced", "prod-volume-deleted",
    "prod-destroy", "sets-set-replaced", "sets-destroy", "static-node-moved",
]  # fmt: skip
"""Named by hand, so that no rewriting of the table forgives them."""
QUORUM_LOST = [
    "members-replaced", "members-replaced-steps", "aws-volumes-moved", "aws-cascade", "aws-cascade-steps",
    "aws-cascade-deleted-first",
]  # fmt: skip
HARMLESS = [
    "nothing",
    "nothing-shown",
    "create",
    "quota-raised",
    "aws-nothing",
    "aws-create",
    "aws-image",
    "aws-renewed",
    "prod-nothing",
    "prod-create",
    "sets-create",
    "sets-memory",
    "static-create",
]


@pytest.mark.parametrize("name", expected.NAMES)
def test_what_is_told(name: str) -> None:
    assert expected.told(expected.reviewed(name)) == TABLE[name]


def test_every_preview_has_its_case() -> None:
    assert list(TABLE) == expected.NAMES


@pytest.mark.parametrize("name", DANGEROUS)
def test_danger_is_refused(name: str) -> None:
    assert expected.reviewed(name).verdict is Level.REFUSE


@pytest.mark.parametrize("name", QUORUM_LOST)
def test_a_lost_quorum_is_told(name: str) -> None:
    (cluster,) = expected.reviewed(name).clusters
    assert cluster.quorum.during is not None
    assert not cluster.quorum.during.hold
    assert "quorum-lost" in {each.code for each in cluster.findings}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_harmless_is_fine(name: str) -> None:
    assert expected.reviewed(name).verdict is Level.FINE


@pytest.mark.parametrize("name", ["aws-cascade", "aws-cascade-steps", "aws-cascade-deleted-first"])
def test_a_cascade_names_its_victims_and_where_it_comes_from(name: str) -> None:
    (cluster,) = expected.reviewed(name).clusters
    found = {each.where: each.text for each in cluster.findings if each.code == "replaced-by-cascade"}
    assert found.keys() == {"b-1", "c-1"}
    assert "before sample-a-1-volume is replaced" in found["b-1"]
    assert "before sample-b-1-volume is replaced" in found["c-1"]


@pytest.mark.parametrize(
    ("one", "other"),
    [("quota-raised", "quota-raised-stream"), ("quota-raised", "quota-raised-unshown"),
     ("members-replaced", "members-replaced-steps"), ("member-replaced", "member-replaced-stream")],
)  # fmt: skip
def test_every_form_of_a_preview_says_the_same(one: str, other: str) -> None:
    assert expected.reviewed(one).clusters == expected.reviewed(other).clusters


def test_rolls_are_in_their_order() -> None:
    (cluster,) = expected.reviewed("quota-raised").clusters
    assert [(each.turn, each.slot, each.by) for each in cluster.members] == [
        (1, "a-1", "agents"), (2, "b-1", "agents"), (3, "c-1", "agents")
    ]  # fmt: skip


@pytest.mark.parametrize("name", expected.NAMES)
def test_a_comment_fits_and_is_found_again(name: str) -> None:
    found = expected.reviewed(name)
    text = markdown(found)
    assert text.startswith(marker(found.stack) + "\n")
    assert len(text) <= LIMIT
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert all(len(re.findall(r"(?<!\\)\|", line)) in (5, 6) for line in tables)
    for finding in found.reasons:
        assert finding.where == "" or finding.where.split(".")[0].replace("_", "\\_") in text


def test_nothing_secret_and_nothing_of_a_machine_was_recorded() -> None:
    for path in FOLDER.glob("*.json"):
        text = path.read_text()
        assert not re.search(r"PRIVATE KEY|/tmp/|/root/|ciphertext\": \"(?!\[secret\]\")", text), path.name
