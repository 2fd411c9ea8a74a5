"""Property values of the plugin protocol."""

from __future__ import annotations

from typing import Any

from google.protobuf import json_format, struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from pulumi_etcd.provider.values import OUTPUT, SECRET, SIGNATURE, UNKNOWN, dump, load, text, unknown_paths

leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**50), 2**50)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
properties = st.dictionaries(st.text(max_size=5), values, max_size=4)


def struct(value: dict[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(value, struct_pb2.Struct())


@given(properties)
def test_what_is_written_is_read_again(value: dict[str, Any]) -> None:
    assert load(dump(value)) == (value, frozenset())


@given(properties, st.sampled_from([(), (0,), ("x", "y")]))
def test_secrets_are_unwrapped_and_marked_again(value: dict[str, Any], below: tuple[str | int, ...]) -> None:
    for name in value:
        marked, secrets = load(dump(value, [(name, *below)]))
        assert marked == value
        assert secrets <= {(name, *below)}
        if not below:
            assert secrets == {(name,)}
            assert load(dump(marked, secrets)) == (value, secrets)


def test_a_secret_inside_a_list_of_objects() -> None:
    value = {"keys": [{"pem": "a"}, {"pem": "b"}]}
    marked, secrets = load(dump(value, [("keys", 1, "pem")]))
    assert (marked, list(secrets)) == (value, [("keys", 1, "pem")])


def test_whole_numbers_are_integers() -> None:
    read, _ = load(struct({"size": 3.0, "ratio": 0.5}))
    assert (read["size"], type(read["size"]), read["ratio"]) == (3, int, 0.5)


def test_outputs_are_unwrapped() -> None:
    known = {SIGNATURE: OUTPUT, "value": "v", "dependencies": ["urn:x"]}
    secret = {SIGNATURE: OUTPUT, "value": "s", "secret": True}
    unknown = {SIGNATURE: OUTPUT}
    read, secrets = load(struct({"known": known, "secret": secret, "unknown": unknown}))
    assert read == {"known": "v", "secret": "s", "unknown": UNKNOWN}
    assert secrets == {("secret",)}


def test_a_secret_of_unknown_value_is_both() -> None:
    read, secrets = load(struct({"key": {SIGNATURE: SECRET, "value": UNKNOWN}}))
    assert (list(unknown_paths(read)), list(secrets)) == ([("key",)], [("key",)])


def test_paths_read_as_the_engine_writes_them() -> None:
    assert text(("members", "m0", "zones", 0)) == "members.m0.zones[0]"
    assert text(("a.b", 'c"d')) == '["a.b"]["c\\"d"]'
