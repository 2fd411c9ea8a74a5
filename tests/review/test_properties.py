"""Whatever a preview holds, a review comes of it; and what is dangerous makes no verdict better."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etcd_ops.review import Level, Preview, Unreadable, read_preview, review
from etcd_ops.review.kinds import KINDS, ROLLOUT
from etcd_ops.review.markdown import LIMIT, markdown
from etcd_ops.review.preview import CHANGES
from etcd_ops.review.values import UNKNOWN
from tests.model.samples import body
from tests.review import expected
from tests.review.record import FOLDER

COMPONENT = "urn:pulumi:s::p::etcd:index:LocalCluster::sample"
STEPS = {name: read_preview((FOLDER / f"{name}.json").read_text()).steps for name in expected.NAMES}
EVERY = [step for name in sorted(STEPS) for step in STEPS[name]]
RECORDED = st.sampled_from(EVERY)
DANGERS = [
    (each, step)
    for each in (
        "member-replaced", "members-replaced", "zone-replaced", "store-replaced", "rollout-replaced", "aws-key-deleted",
        "aws-volume-unencrypted", "aws-bucket-renamed", "aws-zone-renamed",
    )
    for step in STEPS[each]
    if step.is_going
]  # fmt: skip
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just(UNKNOWN),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def raw_steps(draw: st.DrawFn) -> dict[str, Any]:
    """A step as the engine might print it, of a cluster or beside one, whole or broken."""
    token = draw(st.sampled_from([*KINDS, ROLLOUT, "etcd:index:LocalCluster", "aws:new/thing:Thing"]))
    slot = draw(st.sampled_from(["a-1", "b-1", "c-1", "d-9", ""]))
    inputs: dict[str, Any] = draw(st.dictionaries(st.sampled_from(["slot", "zone", "tags", "x"]), VALUES, max_size=3))
    if token == ROLLOUT and draw(st.booleans()):
        inputs |= {"cluster": body(draw(st.sampled_from([1, 3, 5]))), "channel": draw(VALUES), "mode": draw(VALUES)}
    parent = draw(st.sampled_from([COMPONENT, "", "urn:pulumi:s::p::some:other:Thing::x"]))
    state = {"type": token, "inputs": inputs, "parent": parent, "protect": draw(st.booleans())}
    return {
        "op": draw(st.sampled_from([*CHANGES, "invented"])),
        "urn": f"urn:pulumi:s::p::etcd:index:LocalCluster${token}::sample-{slot}",
        "oldState": draw(st.sampled_from([state, None])),
        "newState": draw(st.sampled_from([state, {**state, "inputs": draw(VALUES)}, None])),
        "replaceReasons": draw(VALUES),
    }


@given(st.lists(raw_steps(), max_size=8))
def test_any_mixture_of_steps_is_reviewed(steps: list[dict[str, Any]]) -> None:
    found = review(read_preview(json.dumps({"steps": steps, "changeSummary": {}})))
    assert markdown(found)
    assert found.verdict in Level


@given(st.lists(RECORDED, max_size=12, unique_by=lambda step: step.urn), st.sampled_from(DANGERS))
def test_a_dangerous_step_never_makes_a_verdict_better(steps: list[Any], danger: tuple[str, Any]) -> None:
    others = tuple(step for step in steps if step.urn != danger[1].urn)
    without, with_it = review(Preview(steps=others)), review(Preview(steps=(*others, danger[1])))
    assert with_it.verdict.rank >= without.verdict.rank
    assert with_it.verdict is not Level.FINE


@settings(max_examples=25)
@given(st.sampled_from(sorted(STEPS)), st.sampled_from(DANGERS))
def test_a_dangerous_step_worsens_a_whole_preview(name: str, danger: tuple[str, Any]) -> None:
    others = tuple(step for step in STEPS[name] if step.urn != danger[1].urn)
    assert review(Preview(steps=(*others, danger[1]))).verdict is Level.REFUSE


@settings(max_examples=25)
@given(st.sampled_from(sorted(STEPS)), st.randoms(use_true_random=False))
def test_the_order_of_steps_says_nothing(name: str, random: Any) -> None:
    shuffled = list(STEPS[name])
    random.shuffle(shuffled)
    assert review(Preview(steps=tuple(shuffled))) == review(Preview(steps=STEPS[name]))


@settings(max_examples=25)
@given(st.sampled_from([name for name in STEPS if "stream" not in name]), st.data())
def test_a_preview_that_lacks_its_end_is_refused(name: str, data: st.DataObject) -> None:
    digest = json.loads((FOLDER / f"{name}.json").read_text())
    digest.pop("changeSummary", None)
    digest["steps"] = digest["steps"][: data.draw(st.integers(0, len(digest["steps"])))]
    assert review(read_preview(json.dumps(digest))).verdict is Level.REFUSE


@given(st.text() | VALUES.map(json.dumps))
def test_what_is_no_preview_is_said_to_be_none(text: str) -> None:
    with suppress(Unreadable):
        assert review(read_preview(text)).verdict in Level


def test_a_comment_of_very_many_findings_fits() -> None:
    steps = [
        {"op": "delete", "urn": f"urn:pulumi:s::p::etcd:index:LocalMember::m-{number}", "oldState": {"inputs": {}}}
        for number in range(3000)
    ]
    found = review(read_preview(json.dumps({"steps": steps, "changeSummary": {"delete": 3000}})))
    assert found.verdict is Level.REFUSE
    assert len(markdown(found)) <= LIMIT
    assert "more do not fit here" in markdown(found)


@pytest.mark.parametrize("text", ["| a |", "<b>", "@somebody", "a\nb", "`x`", "[a](b)", "<!-- etcd-ops review -->"])
def test_texts_of_others_are_only_text(text: str) -> None:
    digest = {"steps": [], "changeSummary": {}, "diagnostics": [{"severity": "error", "message": text}]}
    comment = markdown(review(read_preview(json.dumps(digest))))
    assert comment.count("<!--") == 1
    assert text not in comment.partition("\n")[2]
