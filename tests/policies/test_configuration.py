"""Configurations of the pack."""

from __future__ import annotations

import json
from typing import Any

import pytest

from etcd_policies.catalogue import catalogue
from etcd_policies.configuration import problems
from etcd_policies.parameters import Misconfigured
from etcd_policies.rule import ClusterRule
from tests.policies.contracts import GOOD, validate

GOOD_CONFIGURATIONS: list[Any] = [
    {},
    {"all": "mandatory", "zone-spread": "disabled"},
    {"all": {"enforcementLevel": "advisory"}},
    {"odd-member-count": {"minimum": 3}},
    {"odd-member-count": {"enforcementLevel": "mandatory", "minimum": 3, "maximum": 5}},
    {"protected-volumes": {"productionEnvironments": ["live"]}},
]
WRONG: list[tuple[Any, str]] = [
    ([], 'it is not an object; write it like {"mutual-tls": "mandatory"}'),
    ({"mutual-tsl": "mandatory"}, "mutual-tsl: there is no such rule; did you mean mutual-tls?"),
    ({"mutual-tls": "strict"}, "mutual-tls: is not an enforcement level; use one of advisory, mandatory, disabled"),
    ({"mutual-tls": 1}, "mutual-tls: is not an enforcement level; use one of advisory, mandatory, disabled"),
    (
        {"mutual-tls": {"enforcementLevel": "remediate"}},
        "mutual-tls.enforcementLevel: is not an enforcement level; use one of advisory, mandatory, disabled",
    ),
    ({"mutual-tls": {"minimum": 3}}, "mutual-tls.minimum: there is no such parameter; it has none"),
    ({"all": {"minimum": 3}}, "all.minimum: only a level can be given to all rules"),
    (
        {"odd-member-count": {"minimun": 3}},
        "odd-member-count.minimun: there is no such parameter; did you mean minimum?",
    ),
    (
        {"odd-member-count": {"minimum": 0}},
        "odd-member-count.minimum: Input should be greater than or equal to 1",
    ),
    (
        {"odd-member-count": {"minimum": 5, "maximum": 3}},
        "odd-member-count: Value error, minimum must not be above maximum",
    ),
    (
        {"bounded-quota": {"minimumGib": 9}},
        "bounded-quota: Value error, minimumGib must not be above maximumGib",
    ),
    (
        {"zone-spread": {"zonesInProduction": 2.5}},
        "zone-spread.zonesInProduction: Input should be a valid integer, got a number with a fractional part",
    ),
]


@pytest.mark.parametrize("configuration", GOOD_CONFIGURATIONS)
def test_good(configuration: Any) -> None:
    assert problems(json.dumps(configuration)) == ()


@pytest.mark.parametrize(("configuration", "told"), WRONG)
def test_wrong(configuration: Any, told: str) -> None:
    assert [str(problem) for problem in problems(json.dumps(configuration))] == [told]


def test_what_is_not_json() -> None:
    assert [str(problem).partition(":")[0] for problem in problems("{mutual-tls}")] == ["it is not JSON"]


def test_every_problem_is_told() -> None:
    found = problems(json.dumps({"mutual-tsl": "mandatory", "odd-member-count": {"minimum": 0, "maximum": 9}}))
    assert [problem.path for problem in found] == ["mutual-tsl", "odd-member-count.minimum", "odd-member-count.maximum"]


def test_a_rule_refuses_to_judge_with_a_wrong_configuration() -> None:
    rule = catalogue()["odd-member-count"]
    assert isinstance(rule, ClusterRule)
    told = "policy odd-member-count cannot be used: minimun: there is no such parameter; did you mean minimum?"
    with pytest.raises(Misconfigured, match=told.replace("?", r"\?")):
        validate(rule, GOOD, {"minimun": 3})
