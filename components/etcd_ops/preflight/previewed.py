"""What a preview is about to make on AWS: its clusters, with the subnets that it shows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from etcd_ops.model.problems import Invalid, Problem
from etcd_ops.model.tags import CLUSTER_TAG, SLOT_TAG
from etcd_ops.preflight.demand import Demand, of_contract
from etcd_ops.review.clusters import Case, cases
from etcd_ops.review.preview import Change, Preview, State, Step, type_of
from etcd_ops.review.values import mapping_of, text_of

COMPONENT = "etcd:index:Ec2Cluster"
GROUP = "aws:autoscaling/group:Group"
_SUBNET = "subnet-"
"""Begins the ID of a subnet; one that is about to be made has another text in a preview."""
_LEFT_ALONE = frozenset({Change.SAME, Change.READ, Change.DELETE})
"""Changes for which AWS is not asked for anything new."""


def of_preview(preview: Preview) -> tuple[Demand, ...]:
    """The clusters of which something is created or changed; none where all stays as it is, or goes.

    Raises:
        Invalid: the preview failed, is not whole, or changes a cluster without showing what is declared of it.
    """
    _require_whole(preview)
    changing = [case for case in cases(preview) if type_of(case.urn) == COMPONENT and not _is_left_alone(case)]
    return tuple(_demand(case, preview.steps) for case in changing)


def _require_whole(preview: Preview) -> None:
    """In what is left of a preview, a cluster may be missing."""
    failure = next((each.text for each in preview.complaints if each.error), None)
    if failure is not None:
        reason = f"the preview failed: {' '.join(failure.removeprefix('error: ').split())}"
        raise Invalid([Problem("", reason, "mend that, and preview again")])
    if not preview.complete:
        raise Invalid([Problem("", "the preview has no summary: it did not come to its end", "preview again")])


def _is_left_alone(case: Case) -> bool:
    return all(step.change in _LEFT_ALONE for step in case.steps)


def _demand(case: Case, steps: Iterable[Step]) -> Demand:
    declared = next((step.new for step in case.steps if step.urn == case.urn), None)
    if declared is None:
        reason = f"the preview changes the cluster {case.name}, and does not show what is declared of it"
        raise Invalid([Problem("", reason, "preview the whole stack with `--show-sames`")])
    found = of_contract(declared.inputs)
    states = (step.new for step in steps if step.type == GROUP and step.new is not None)
    return found.model_copy(update={"subnets": dict(_subnets(found, states))})


def _subnets(demand: Demand, groups: Iterable[State]) -> Iterator[tuple[str, str]]:
    """A contract does not tell subnets, because they may be made as well: the groups of its members name them."""
    for group in groups:
        tags, identity = dict(_pairs(group.inputs.get("tags"))), _first(group.inputs.get("vpcZoneIdentifiers"))
        slot = tags.get(SLOT_TAG, "")
        if tags.get(CLUSTER_TAG) == demand.cluster and slot in demand.members and identity.startswith(_SUBNET):
            yield demand.members[slot], identity


def _pairs(tags: object) -> Iterator[tuple[str, str]]:
    for each in map(mapping_of, tags if isinstance(tags, list) else ()):
        yield text_of(each.get("key")), text_of(each.get("value"))


def _first(values: object) -> str:
    return text_of(values[0]) if isinstance(values, list) and values else ""
