"""Whose pod it is that a removal finds: its own result counts, and no other's."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_etcd.static_pods.removal import OWN, REMOVAL_ANNOTATION, Found, found, removal_pod
from tests.components.stateful_sets import AGENT

MEMBER: dict[str, Any] = {
    "name": "demo-a-1", "slot": "a-1", "node": "node-a", "namespace": "orders", "image": AGENT, "file": "demo.a-1.json",
    "manifests": "/etc/static", "volumes": "/srv/demo", "runs": "/run/demo",
}  # fmt: skip
PHASES = (None, "Pending", "Running", "Succeeded", "Failed", "Unknown")


def pod(removal: str | None, phase: str | None) -> dict[str, Any]:
    """As an API server has it; of a removal of an earlier release, which said of none which it was, for None."""
    made = removal_pod(MEMBER, removal or "")
    if removal is None:
        del made["metadata"]["annotations"]
    return {**made, "status": {"phase": phase} if phase else {}}


@pytest.mark.parametrize(
    ("phase", "what"),
    [
        (None, Found.UNDER_WAY),
        ("Pending", Found.UNDER_WAY),
        ("Running", Found.UNDER_WAY),
        ("Unknown", Found.UNDER_WAY),
        ("Succeeded", Found.SUCCEEDED),
        ("Failed", Found.FAILED),
    ],
)
def test_its_own_pod_tells_how_far_it_is(phase: str | None, what: Found) -> None:
    for made in (False, True):
        assert found(pod("mine", phase), "mine", made=made) is what


@given(st.none() | st.text().filter(lambda each: each != "mine"), st.sampled_from(PHASES), st.booleans())
def test_what_another_removal_did_never_counts(other: str | None, phase: str | None, made: bool) -> None:
    what = found(pod(other, phase), "mine", made=made)
    assert what not in OWN
    assert what is (Found.TAKEN if made else Found.ANOTHERS)


def test_a_pod_that_was_seen_and_is_gone_was_somebody_elses_doing() -> None:
    assert found(None, "mine", made=False) is Found.NOTHING
    assert found(None, "mine", made=True) is Found.TAKEN


def test_a_pod_says_which_removal_it_is_of() -> None:
    assert removal_pod(MEMBER, "mine")["metadata"]["annotations"] == {REMOVAL_ANNOTATION: "mine"}
