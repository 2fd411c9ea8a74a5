"""What a preview is about to make on AWS: its clusters, with the subnets that it shows. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from types import MappingProxyType

from etcd_ops.model.problems import Invalid, Problem
from etcd_ops.model.tags import CLUSTER_TAG, SLOT_TAG
from etcd_ops.preflight.demand import Demand, of_contract
from etcd_ops.preflight.together import SPARE_ADDRESSES
from etcd_ops.review.clusters import Case, cases
from etcd_ops.review.preview import Change, Preview, State, Step, type_of
from etcd_ops.review.values import mapping_of, text_of

COMPONENT = "etcd:index:Ec2Cluster"
GROUP = "aws:autoscaling/group:Group"
_LISTS_SUBNETS = MappingProxyType(
    {
        GROUP: "vpcZoneIdentifiers",
        "aws:lb/loadBalancer:LoadBalancer": "subnets",
        "aws:ec2/vpcEndpoint:VpcEndpoint": "subnetIds",
    }
)
"""By type of what has addresses in subnets: the input that lists them."""
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
    groups = [step for step in steps if _is_group_of(found, step)]
    subnets = {found.members[_slot(step.new)]: each for step in groups for each in _subnets(step, step.new)}
    taken = None if _is_made(case) else dict(_taken(groups, case.steps))
    return found.model_copy(update={"subnets": subnets, "taken_addresses": taken})


def _is_made(case: Case) -> bool:
    return any(step.urn == case.urn and step.change is Change.CREATE for step in case.steps)


def _is_group_of(demand: Demand, step: Step) -> bool:
    """A contract does not tell subnets, because they may be made as well: the groups of its members name them."""
    if step.type != GROUP or step.new is None:
        return False
    return _tags(step.new).get(CLUSTER_TAG) == demand.cluster and _slot(step.new) in demand.members


def _taken(groups: Iterable[Step], others: Iterable[Step]) -> Counter[str]:
    """Addresses by subnet. Whatever is there has its own; of instances that agents replace, the old one goes first."""
    members = Counter(subnet for step in groups for subnet in _new_subnets(step))
    listing = (step for step in others if step.type in _LISTS_SUBNETS and step.type != GROUP)
    interfaces = Counter(subnet for step in listing for subnet in _new_subnets(step))
    return members + interfaces + Counter(dict.fromkeys(members, SPARE_ADDRESSES))


def _new_subnets(step: Step) -> set[str]:
    """Those in which a resource gets an address: in the others it has one, unless another one is made beside it."""
    beside = step.change is Change.REPLACE and not step.deleted_first
    return _subnets(step, step.new) - (set() if beside else _subnets(step, step.old))


def _subnets(step: Step, state: State | None) -> set[str]:
    """Subnets that are there. A group has its one instance in its first."""
    named = state.inputs.get(_LISTS_SUBNETS[step.type]) if state is not None else None
    listed = [text_of(each) for each in named] if isinstance(named, list) else []
    return {each for each in (listed[:1] if step.type == GROUP else listed) if each.startswith(_SUBNET)}


def _slot(state: State | None) -> str:
    return _tags(state).get(SLOT_TAG, "")


def _tags(state: State | None) -> dict[str, str]:
    """Of a group, which has them in a list."""
    return dict(_pairs(state.inputs.get("tags"))) if state is not None else {}


def _pairs(tags: object) -> Iterator[tuple[str, str]]:
    for each in map(mapping_of, tags if isinstance(tags, list) else ()):
        yield text_of(each.get("key")), text_of(each.get("value"))
