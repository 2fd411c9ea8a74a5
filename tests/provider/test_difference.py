"""What changes between two sets of properties."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pulumi_etcd.provider.difference import Change, changes, compare

values = st.recursive(
    st.booleans() | st.integers(0, 3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
properties = st.dictionaries(st.sampled_from("xyz"), values)


def at(tree: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        tree = tree[part]
    return tree


@given(properties)
def test_nothing_differs_from_itself(value: dict[str, Any]) -> None:
    assert not compare(value, value, (), {}, frozenset()).any


@given(properties, properties)
def test_every_difference_is_found(old: dict[str, Any], new: dict[str, Any]) -> None:
    found = dict(changes(old, new))
    assert bool(found) == (_typed(old) != _typed(new))
    for path, change in found.items():
        if change is Change.UPDATED:
            assert at(old, path) != at(new, path) or type(at(old, path)) is not type(at(new, path))


def _typed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _typed(inner) for key, inner in value.items()}
    return [_typed(inner) for inner in value] if isinstance(value, list) else (type(value), value)


def test_leaves_are_named_and_whole_objects_are_added() -> None:
    old = {"members": {"a-1": {"zone": "a", "size": 1}}, "gone": 1}
    new = {"members": {"a-1": {"zone": "a", "size": 2}, "b-1": {"zone": "b"}}}
    assert dict(changes(old, new)) == {
        ("gone",): Change.DELETED,
        ("members", "a-1", "size"): Change.UPDATED,
        ("members", "b-1"): Change.ADDED,
    }


def test_ignored_paths_do_not_count_but_their_neighbours_do() -> None:
    old = {"etcd": {"quota": 1, "quotaMode": "x"}, "list": [1, 2]}
    new = {"etcd": {"quota": 2, "quotaMode": "y"}, "list": [1, 3]}
    found = compare(old, new, ("etcd.quota", "list"), {}, frozenset())
    assert list(found.inputs) == [("etcd", "quotaMode")]


def test_drift_counts_without_any_change_of_inputs() -> None:
    found = compare({}, {}, (), {"running": "it does not"}, frozenset())
    assert found.any
    assert found.top == ["running"]
