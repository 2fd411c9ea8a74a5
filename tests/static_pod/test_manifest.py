"""Which manifest belongs where the kubelet looks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.pod.places import TEMPLATE_ANNOTATION
from etcd_ops.pod.template import template_digest
from etcd_ops.static_pod.manifest import amiss, encode, is_placed, template_of


def plain(image: str = "one", **metadata: Any) -> dict[str, Any]:
    return {"kind": "Pod", "metadata": {"name": "c-a-1", **metadata}, "spec": {"containers": [{"image": image}]}}


DECLARED, PLACED, OTHER = (encode(plain(image)).encode() for image in ("declared", "placed", "other"))
NONE_OF_OURS = (None, b"", b"{}", b"[]", b"null", b"\xff", b"garbage: [", DECLARED[:-20], DECLARED.replace(b"d", b"e"))


@given(st.text(), st.dictionaries(st.text(), st.text()))
def test_a_manifest_names_its_own_digest(image: str, annotations: dict[str, str]) -> None:
    annotations.pop(TEMPLATE_ANNOTATION, None)
    pod = plain(image, **({"annotations": annotations} if annotations else {}))
    assert template_of(encode(pod).encode()) == template_digest(pod)


@pytest.mark.parametrize("text", NONE_OF_OURS)
def test_anything_else_names_none(text: bytes | None) -> None:
    assert template_of(text) == ""


def test_a_change_by_hand_is_seen() -> None:
    changed = json.loads(DECLARED)
    changed["spec"]["containers"][0]["image"] = "another"
    assert template_of(json.dumps(changed).encode()) == ""


@pytest.mark.parametrize("found", [*NONE_OF_OURS, DECLARED, OTHER, PLACED + b" "])
def test_what_was_placed_last_is_put_back_and_never_what_is_only_declared(found: bytes | None) -> None:
    """What is declared takes a member down: that is a step, under the lock and the gate."""
    assert amiss(found, PLACED, DECLARED) == PLACED


def test_nothing_is_amiss_with_what_was_placed() -> None:
    for declared in (DECLARED, None, b"garbage"):
        assert amiss(PLACED, PLACED, declared) is None


@pytest.mark.parametrize("placed", NONE_OF_OURS)
@pytest.mark.parametrize("found", NONE_OF_OURS)
def test_where_there_never_was_any_the_declared_one_is_placed(found: bytes | None, placed: bytes | None) -> None:
    assert amiss(found, placed, DECLARED) == DECLARED
    assert amiss(found, placed, None) is None
    assert amiss(found, placed, DECLARED[:-20]) is None


@pytest.mark.parametrize("placed", NONE_OF_OURS)
def test_one_that_runs_is_kept_where_the_volume_knows_of_none(placed: bytes | None) -> None:
    assert amiss(OTHER, placed, DECLARED) is None


def test_what_was_begun_is_placed_where_the_kubelet_has_it_and_that_is_news() -> None:
    assert is_placed(DECLARED, DECLARED, PLACED)
    assert is_placed(DECLARED, DECLARED, None)
    assert not is_placed(PLACED, DECLARED, PLACED)
    assert not is_placed(OTHER, DECLARED, PLACED)
    assert not is_placed(DECLARED, DECLARED, DECLARED)


@pytest.mark.parametrize("text", NONE_OF_OURS)
def test_half_a_manifest_is_never_placed(text: bytes | None) -> None:
    assert not is_placed(text, text, PLACED)
