"""The repository's stacks on AWS, as a pull request has them previewed, judged and reviewed: by the real engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from etcd_ops.review import Level, Review, read_preview, review
from etcd_ops.review.markdown import markdown
from tests.policies.test_engine import PACK
from tests.review import expected
from tests.review.own_stack import Scenario
from tests.review.prod_previews import STACK as PRODUCTION
from tests.review.prod_previews import on_emulated_aws
from tools.engine import Engine

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900), pytest.mark.xdist_group("own-stacks")]

MEMBERS = {"aws-dev": 3, "aws-staging": 3, PRODUCTION: 5}
PROFILE = f"{PACK}/production.json"
"""That of the workflows `preview` and `deploy`, for every stack."""

UNKNOWN_YET = "can't be known during preview"
"""What the engine says of rules that need what is made first. They are judged in the update, before anything breaks
them (tests/policies/test_engine_resources.py)."""


@dataclass(frozen=True)
class Reviewed:
    """A stack's first preview, with the policy pack."""

    name: str
    review: Review


@pytest.fixture(scope="module", params=MEMBERS)
def reviewed(engine: Engine, request: pytest.FixtureRequest) -> Reviewed:
    name = str(request.param)
    return Reviewed(name, first_review(engine, name))


def first_review(engine: Engine, name: str, **changes: Any) -> Review:
    """Of a stack that is not up, configured a little otherwise."""
    held = ("--policy-pack", PACK, "--policy-pack-config", PROFILE)
    with on_emulated_aws(engine, name) as made:
        made.stack.environment["PULUMI_ENABLE_STREAMING_JSON_PREVIEW"] = "true"
        return review(read_preview(made.stack.printed(Scenario("first", changes, words=held))))


def test_it_can_be_merged_and_every_member_is_told(reviewed: Reviewed) -> None:
    assert reviewed.review.verdict in (Level.FINE, Level.ATTENTION)
    assert [each for each in reviewed.review.findings if UNKNOWN_YET not in each.text] == []
    (cluster,) = reviewed.review.clusters
    assert cluster.cluster == reviewed.name
    assert len(cluster.members) == MEMBERS[reviewed.name]
    comment = markdown(reviewed.review)
    for member in cluster.members:
        assert member.slot in comment


def test_what_is_recorded_of_production_is_what_the_engine_says_today(reviewed: Reviewed) -> None:
    """All other tests of the review rest on recordings."""
    if reviewed.name == PRODUCTION:
        today, recorded = expected.told(reviewed.review), expected.load()["prod-create"]
        assert today[PRODUCTION] == recorded[PRODUCTION]


def test_production_without_protection_is_refused(engine: Engine) -> None:
    found = first_review(engine, PRODUCTION, protect={})
    assert found.verdict is Level.REFUSE
    assert "protected-volumes" in {each.code for each in found.findings if each.level is found.verdict}
