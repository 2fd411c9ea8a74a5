"""Conditions that name who is let in, and those that somebody meets whom nobody knows."""

from __future__ import annotations

from typing import Any

import pytest
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


ROLE = "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/*"
TRAIL = "arn:aws:cloudtrail:*:123456789012:trail/*"
POINT = "arn:aws:s3:eu-central-1:123456789012:accesspoint/*"
UNIT = "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"
SESSION = "AROAEXAMPLEID0000000:*"


@pytest.mark.parametrize(
    ("operator", "key", "value"),
    [
        ("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", UNIT),
        ("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-a1b2c3d4e5/*"),
        ("ForAnyValue:StringEquals", "aws:SourceOrgPaths", UNIT.removesuffix("*")),
        ("ArnLike", "aws:PrincipalArn", ROLE),
        ("ArnEquals", "aws:PrincipalArn", ROLE),
        ("StringLike", "aws:PrincipalArn", ROLE),
        ("ArnLike", "aws:PrincipalArn", "arn:*:iam::123456789012:*"),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::123456789012:user/${aws:username}"),
        ("ArnLike", "aws:SourceArn", TRAIL),
        ("ForAnyValue:ArnLike", "aws:SourceArn", TRAIL),
        ("StringLike", "aws:SourceArn", TRAIL.replace("*", "eu-central-1", 1)),
        ("StringLike", "s3:DataAccessPointArn", POINT),
        ("ArnLike", "s3:DataAccessPointArn", POINT.replace("eu-central-1", "*")),
        ("StringLike", "aws:userId", SESSION),
        ("StringLike", "aws:userid", [SESSION, "123456789012:*"]),
    ],
)
def test_wildcards_within_somebody_s_name_somebody(operator: str, key: str, value: Any) -> None:
    assert named({operator: {key: value}})


@pytest.mark.parametrize(
    ("operator", "key", "value"),
    [
        ("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-*/r-ab12/ou-ab12-11111111/*"),
        ("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-a1b2c3d4e5*"),
        ("ForAllValues:StringLike", "aws:PrincipalOrgPaths", UNIT),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/aws-reserved/*"),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::12345678901?:role/x"),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::${aws:PrincipalAccount}:role/x"),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/x:123456789012:y"),
        ("ArnLike", "aws:PrincipalArn", ["arn:aws:iam::*:root", ROLE]),
        ("ArnNotLike", "aws:PrincipalArn", ROLE),
        ("ArnLikeIfExists", "aws:PrincipalArn", ROLE),
        ("StringLike", "aws:SourceArn", TRAIL),
        ("ArnLike", "aws:SourceArn", "arn:aws:s3:::etcd-*"),
        ("StringLike", "aws:userId", "AROA*"),
        ("StringLike", "aws:userId", "AROA?XAMPLEID0000000:*"),
        ("StringLike", "aws:userId", "*:i-0123456789abcdef0"),
        ("StringLike", "aws:PrincipalAccount", "123456789012:*"),
        ("StringLike", "aws:PrincipalOrgID", "o-a1b2c3d4e5/*"),
    ],
)
def test_wildcards_in_whose_it_is_name_nobody(operator: str, key: str, value: Any) -> None:
    assert not named({operator: {key: value}})


@given(NAMES, st.text("abc/*?", max_size=6))
def test_objects_are_covered_as_one_by_one(bucket: str, end: str) -> None:
    """What covers every object covers each that there may be, and a folder of it is not enough."""
    arn = f"arn:aws:s3:::{bucket}{end}"
    if covers_objects(arn, bucket):
        assert all(covers_bucket(arn, f"{bucket}/{key}") for key in ("a", "channel/lock", "z" * 40))
    assert not covers_objects(f"arn:aws:s3:::{bucket}/channel/*", bucket)
    assert not covers_bucket(f"arn:aws:s3:::{bucket}/*", bucket)
