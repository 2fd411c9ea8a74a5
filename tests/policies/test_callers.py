"""Conditions that name who is let in, and those that somebody meets whom nobody knows."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from etcd_policies.aws.bucket_arns import covers_bucket, covers_objects
from etcd_policies.aws.callers import named

KEYS = (
    "aws:PrincipalAccount",
    "aws:SourceVpce",
    "kms:CallerAccount",
    "aws:PrincipalOrgID",
    "s3:DataAccessPointAccount",
)
OPERATORS = ("StringEquals", "StringLike", "ArnEquals", "ForAnyValue:StringEquals")
LOOSE = ("StringNotEquals", "StringNotLike", "StringEqualsIfExists", "ForAllValues:StringEquals", "Null", "Bool")
PLAIN = st.text("abc019-/:", min_size=1, max_size=12)
WILD = st.tuples(PLAIN, st.sampled_from(["*", "?", "${aws:username}"]), PLAIN).map("".join)
NAMES = st.text("abc019-.", min_size=3, max_size=12)


def conditions(operators: tuple[str, ...], values: Any) -> st.SearchStrategy[dict[str, Any]]:
    compared = st.dictionaries(st.sampled_from(KEYS), values | st.lists(values, min_size=1, max_size=3), min_size=1)
    return st.dictionaries(st.sampled_from(operators), compared, min_size=1)


@given(conditions(OPERATORS, PLAIN), conditions(LOOSE, PLAIN | WILD))
def test_fixed_values_name_somebody_whatever_else_has_to_be_true(strict: Any, more: Any) -> None:
    assert named(strict)
    assert named(strict | more)


@given(conditions(OPERATORS, WILD) | conditions(LOOSE, PLAIN) | st.just({}))
def test_wildcards_and_what_strangers_meet_name_nobody(loose: Any) -> None:
    assert not named(loose)


@given(conditions(("StringEquals",), PLAIN), WILD)
def test_one_wildcard_among_values_is_enough(strict: Any, wild: str) -> None:
    key, values = next(iter(strict["StringEquals"].items()))
    listed = [values] if isinstance(values, str) else values
    assert not named({"StringEquals": {key: [*listed, wild]}})


@given(NAMES, st.text("abc/*?", max_size=6))
def test_objects_are_covered_as_one_by_one(bucket: str, end: str) -> None:
    """What covers every object covers each that there may be, and a folder of it is not enough."""
    arn = f"arn:aws:s3:::{bucket}{end}"
    if covers_objects(arn, bucket):
        assert all(covers_bucket(arn, f"{bucket}/{key}") for key in ("a", "channel/lock", "z" * 40))
    assert not covers_objects(f"arn:aws:s3:::{bucket}/channel/*", bucket)
    assert not covers_bucket(f"arn:aws:s3:::{bucket}/*", bucket)
