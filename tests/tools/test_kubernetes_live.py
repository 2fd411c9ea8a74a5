"""What the stand-in of the plugin kubernetes makes of a live object."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tools.standins.kubernetes.live import declared_part, foreseen, imported, outputs
from tools.standins.values import UNKNOWN, secret


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


DECLARED: dict[str, Any] = {
    "metadata": {"name": "x"},
    "spec": {"memory": "1024Mi", "containers": [{"image": "a"}], "selector": {"a": "b"}, "hidden": 1},
}
THEN: dict[str, Any] = {
    "metadata": {"name": "x", "uid": "1", "resourceVersion": "1"},
    "spec": {
        "memory": "1Gi", "containers": [{"image": "a", "pull": "Always"}], "selector": {"a": "b"}, "given": True,
    },
    "status": {"ready": 0},
}  # fmt: skip


@pytest.mark.parametrize(
    ("now", "seen"),
    [
        ({}, {}),
        ({"given": False}, {}),
        ({"memory": "2Gi"}, {"memory": "2Gi"}),
        ({"containers": [{"image": "b", "pull": "Always"}]}, {"containers": [{"image": "b"}]}),
        ({"containers": [{"image": "a", "pull": "Never"}]}, {}),
        ({"selector": {"a": "b", "c": "d"}}, {}),
        ({"selector": {}}, {"selector": {}}),
    ],
)
def test_only_changes_of_what_is_declared_are_seen(now: dict[str, Any], seen: dict[str, Any]) -> None:
    live = {**THEN, "spec": {**THEN["spec"], **now}, "status": {"ready": 1}}
    assert declared_part(DECLARED, THEN, live) == {**DECLARED, "spec": {**DECLARED["spec"], **seen}}


def test_what_somebody_added_to_a_list_is_seen() -> None:
    more = [{"image": "a", "pull": "Always"}, {"image": "sidecar"}]
    live = {**THEN, "spec": {**THEN["spec"], "containers": more}}
    assert declared_part(DECLARED, THEN, live)["spec"]["containers"] == more


def test_what_somebody_removed_is_not_seen_any_more() -> None:
    live = {**THEN, "spec": {name: value for name, value in THEN["spec"].items() if name != "memory"}}
    assert "memory" not in declared_part(DECLARED, THEN, live)["spec"]


def test_texts_of_a_secret_are_followed_through_its_data() -> None:
    declared = {"kind": "Secret", "stringData": {"a": "1", "b": "2", "c": "3"}}
    then = {"kind": "Secret", "data": {"a": encoded("1"), "b": encoded("2"), "c": encoded("3")}}
    now = {"kind": "Secret", "data": {"a": encoded("1"), "b": encoded("9")}}
    assert declared_part(declared, then, then) == declared
    assert declared_part(declared, then, now)["stringData"] == {"a": "1", "b": "9"}


def test_secrets_are_marked_where_the_inputs_are_and_in_all_of_a_secret() -> None:
    live = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "managedFields": []}, "data": {"a": "1"}}
    shown = outputs(live, {"data": {"a": secret("1")}}, "manager")
    assert shown["data"] == {"a": secret("1")}
    assert shown["metadata"] == {"name": "x"}
    assert shown["__fieldManager"] == "manager"
    assert outputs({**live, "kind": "Secret"}, {}, "manager")["data"] == secret({"a": "1"})
    assert outputs({**live, "kind": "Secret"}, {"data": secret({"a": "1"})}, "manager")["data"] == secret({"a": "1"})


def test_a_dry_run_tells_nothing_of_what_the_real_one_chooses() -> None:
    live = {
        "kind": "Service", "metadata": {"name": "x", "uid": "1", "resourceVersion": "2"},
        "spec": {"clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "type": "ClusterIP"}, "status": {},
    }  # fmt: skip
    new = foreseen(live, {"spec": {}}, new=True)
    assert new["metadata"] == {"name": "x", "uid": UNKNOWN, "resourceVersion": UNKNOWN}
    assert new["spec"] == {"clusterIP": UNKNOWN, "clusterIPs": UNKNOWN, "type": "ClusterIP"}
    assert "status" not in new
    assert foreseen(live, {"spec": {"clusterIP": "10.0.0.1"}}, new=True)["spec"] == live["spec"]
    old = foreseen(live, {"spec": {}}, new=False)
    assert old["metadata"] == {"name": "x", "uid": "1", "resourceVersion": UNKNOWN}
    assert old["spec"] == live["spec"]


def test_an_object_that_was_not_declared_is_taken_without_what_the_server_writes() -> None:
    live = {"metadata": {"name": "x", "uid": "1", "managedFields": []}, "data": {"a": "1"}, "status": {}}
    assert imported(live) == {"metadata": {"name": "x"}, "data": {"a": "1"}}
