"""What the stand-in of the plugin kubernetes updates, and what it replaces."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from tools.standins.differences import written
from tools.standins.kubernetes.differences import difference
from tools.standins.values import UNKNOWN

KINDS = provider_pb2.PropertyDiff

METADATA = {"name": "x", "namespace": "n", "labels": {"a/b": "1"}}
SET: dict[str, Any] = {
    "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": METADATA,
    "spec": {
        "replicas": 1, "serviceName": "s", "revisionHistoryLimit": 3, "minReadySeconds": 0,
        "template": {"spec": {"containers": [{"name": "etcd", "image": "a"}]}},
        "selector": {"matchLabels": {"a": "b"}}, "volumeClaimTemplates": [{"metadata": {"name": "data"}}],
    },
}  # fmt: skip
CONFIG: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": METADATA, "data": {"k": "v"}}
BINDING: dict[str, Any] = {
    "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": METADATA,
    "roleRef": {"name": "r"}, "subjects": [{"name": "s"}],
}  # fmt: skip


def changed(inputs: dict[str, Any], path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    """Inputs with one value put in."""
    found = copy.deepcopy(inputs)
    place: Any = found
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return found


def test_equal_inputs_do_not_differ() -> None:
    response = difference(SET, copy.deepcopy(SET), ()).response()
    assert response.changes == provider_pb2.DiffResponse.DIFF_NONE
    assert not response.detailedDiff


@pytest.mark.parametrize(
    ("inputs", "path", "value"),
    [
        (SET, ("spec", "replicas"), 2),
        (SET, ("spec", "minReadySeconds"), 5),
        (SET, ("spec", "template", "spec", "containers", 0, "image"), "b"),
        (SET, ("metadata", "labels", "a/b"), "2"),
        (BINDING, ("subjects", 0, "name"), "t"),
    ],
)
def test_updated_in_place(inputs: dict[str, Any], path: tuple[str | int, ...], value: object) -> None:
    response = difference(inputs, changed(inputs, path, value), ()).response()
    assert dict(response.detailedDiff).keys() == {written(path)}
    assert response.detailedDiff[written(path)].kind == KINDS.UPDATE
    assert not response.replaces
    assert not response.deleteBeforeReplace


@pytest.mark.parametrize(
    ("inputs", "path", "value"),
    [
        (SET, ("spec", "serviceName"), "t"),
        (SET, ("spec", "revisionHistoryLimit"), 4),
        (SET, ("spec", "selector", "matchLabels", "a"), "c"),
        (SET, ("spec", "volumeClaimTemplates", 0, "metadata", "name"), UNKNOWN),
        (BINDING, ("roleRef", "name"), "t"),
        (CONFIG, ("data", "k"), "w"),
        ({**CONFIG, "kind": "Secret"}, ("data", "k"), "w"),
    ],
)
def test_replaced_under_its_name(inputs: dict[str, Any], path: tuple[str | int, ...], value: object) -> None:
    response = difference(inputs, changed(inputs, path, value), ()).response()
    assert list(response.replaces) == [written(path)]
    assert response.detailedDiff[written(path)].kind == KINDS.UPDATE_REPLACE
    assert response.deleteBeforeReplace


@pytest.mark.parametrize("path", [("metadata", "name"), ("metadata", "namespace")])
def test_replaced_by_another_name_before_it_is_deleted(path: tuple[str, ...]) -> None:
    response = difference(CONFIG, changed(CONFIG, path, "other"), ()).response()
    assert list(response.replaces) == [written(path)]
    assert not response.deleteBeforeReplace


def test_data_of_mutable_kinds() -> None:
    after = changed(CONFIG, ("data", "k"), "w")
    assert not difference(CONFIG, after, {"ConfigMap"}).replacing
    assert difference(CONFIG, after, {"Secret"}).replacing
    fixed = {**CONFIG, "immutable": True}
    assert difference(fixed, {**after, "immutable": True}, {"ConfigMap"}).replacing
    assert difference(fixed, CONFIG, {"ConfigMap"}).replacing == [("immutable",)]


def test_versions_and_groups() -> None:
    assert not difference({**SET, "apiVersion": "apps/v1beta2"}, SET, ()).changes
    assert difference({**SET, "apiVersion": "other/v1"}, SET, ()).replacing == [("apiVersion",)]


def test_what_is_added_and_taken_away() -> None:
    before = {"metadata": {"labels": {"a/b": "1"}}, "ports": [{"port": 1}, {"port": 2}]}
    after = {"metadata": {"labels": {"c": "1"}}, "ports": [{"port": 1, "name": "p"}]}
    detailed = difference(before, after, ()).response().detailedDiff
    assert {path: each.kind for path, each in detailed.items()} == {
        'metadata.labels["a/b"]': KINDS.DELETE,
        "metadata.labels.c": KINDS.ADD,
        "ports[0].name": KINDS.ADD,
        "ports[1]": KINDS.DELETE,
    }
