"""Which steps of a preview are of which cluster, and what its Rollout declared before and declares after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from etcd_ops.model.problems import Invalid
from etcd_ops.model.spec import ClusterSpec, Mode
from etcd_ops.model.tags import SLOT_TAG
from etcd_ops.model.topology import quorum
from etcd_ops.model.validation import parse
from etcd_ops.review.kinds import ROLLOUT, is_component
from etcd_ops.review.preview import Change, Preview, State, Step, name_of, type_of
from etcd_ops.review.values import UNKNOWN, mapping_of, text_of, unknown_paths

EXPECTED_UNKNOWNS = ("certificates.", "trust.")
"""Parts of a declaration that a preview may not know: fingerprints of certificates that are yet to be issued."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What a Rollout's inputs say."""

    spec: ClusterSpec | None
    """With placeholders for fingerprints that are not known yet; None where it cannot be read."""
    mode: str
    adopt: bool
    former_owner: str
    channel: Mapping[str, Any]
    unknown: tuple[str, ...]
    """Paths of inputs that are not known, fingerprints aside."""
    unreadable: str = ""
    """Why there is no spec."""


@dataclass(frozen=True, slots=True)
class Case:
    """One cluster in a preview."""

    name: str
    urn: str
    """Of its component; of its Rollout where it has none."""
    steps: tuple[Step, ...]
    rollout: Step | None
    before: Declared | None
    """None where nothing was declared, or the preview does not tell."""
    after: Declared | None
    """None where nothing will be declared, or the preview does not tell."""

    @property
    def old(self) -> ClusterSpec | None:
        """What is declared now, as far as it can be read."""
        return self.before.spec if self.before is not None else None

    @property
    def new(self) -> ClusterSpec | None:
        """What is to be declared, as far as it can be read."""
        return self.after.spec if self.after is not None else None

    @property
    def is_new(self) -> bool:
        """Whether the cluster is declared for the first time; by its component, where its Rollout is not shown."""
        if self.rollout is not None:
            return self.rollout.change is Change.CREATE
        return any(step.urn == self.urn and step.change is Change.CREATE for step in self.steps)

    @property
    def is_retired(self) -> bool:
        """Whether the cluster is taken down."""
        return self.rollout is not None and self.rollout.change is Change.DELETE

    @property
    def voters(self) -> int | None:
        """Members that are declared now; None where that is not known."""
        return len(self.old.members) if self.old is not None else None

    @property
    def needed(self) -> int | None:
        """Votes that a decision needs now; None where that is not known."""
        return quorum(self.voters) if self.voters else None

    @property
    def staying(self) -> frozenset[str]:
        """Slots that are declared now and stay declared."""
        if self.old is None or self.new is None:
            return frozenset()
        return frozenset(self.old.members) & frozenset(self.new.members)

    @property
    def dropped(self) -> frozenset[str]:
        """Slots that are not declared any more, or whose cluster is taken down."""
        if self.old is None:
            return frozenset()
        return frozenset(self.old.members) - frozenset(self.new.members if self.new is not None else ())

    @property
    def joining(self) -> frozenset[str]:
        """Slots that are declared from now on."""
        if self.old is None or self.new is None:
            return frozenset()
        return frozenset(self.new.members) - frozenset(self.old.members)

    @property
    def slots(self) -> frozenset[str]:
        """Every slot that is or was declared."""
        return frozenset(each for spec in (self.old, self.new) if spec is not None for each in spec.members)

    def slot_of(self, step: Step) -> str:
        """The slot that a resource belongs to; empty where it belongs to none, or to none that is known."""
        for state in (step.old, step.new):
            told = text_of(state.inputs.get("slot")) if state is not None else ""
            if told:
                return told
        return self._slot_in(step)

    def _slot_in(self, step: Step) -> str:
        """By labels and tags, then by the name, in which slots stand between dashes."""
        for state in (step.old, step.new):
            inputs = state.inputs if state is not None else {}
            labels = mapping_of(mapping_of(inputs.get("metadata")).get("labels"))
            told = text_of(labels.get("pulumi-etcd.dev/slot")) or text_of(mapping_of(inputs.get("tags")).get(SLOT_TAG))
            if told:
                return told
        padded = f"-{step.name.replace('/', '-')}-"
        return max((slot for slot in self.slots if f"-{slot}-" in padded), key=len, default="")


def cases(preview: Preview) -> tuple[Case, ...]:
    """The clusters of a preview by name: one for every component, and for every Rollout without one."""
    parents = {step.urn: step.parent for step in preview.steps}
    groups: dict[str, list[Step]] = {}
    for step in preview.steps:
        if owner := _owner(step, parents):
            groups.setdefault(owner, []).append(step)
    return tuple(
        sorted((_case(owner, steps) for owner, steps in groups.items()), key=lambda case: (case.name, case.urn))
    )


def _owner(step: Step, parents: Mapping[str, str]) -> str:
    """URN of the component that a resource belongs to, or its own where it is a cluster by itself."""
    urn, seen = step.urn, set[str]()
    while urn and urn not in seen:
        if is_component(type_of(urn)):
            return urn
        seen.add(urn)
        urn = parents.get(urn, "")
    return step.urn if step.type == ROLLOUT else ""


def _case(owner: str, steps: Sequence[Step]) -> Case:
    rollout = next((step for step in steps if step.type == ROLLOUT), None)
    component = next((step for step in steps if step.urn == owner), None)
    before = _declared(rollout.old) if rollout is not None else None
    gone = rollout is not None and rollout.change is Change.DELETE
    after = _declared(rollout.new) if rollout is not None and not gone else None
    return Case(_name(owner, component, before, after), owner, tuple(steps), rollout, before, after)


def _name(owner: str, component: Step | None, *declared: Declared | None) -> str:
    for each in declared:
        if each is not None and each.spec is not None:
            return each.spec.name
    told = text_of(component.state.inputs.get("clusterName")) if component is not None else ""
    return told or name_of(owner)


def _declared(state: State | None) -> Declared | None:
    if state is None:
        return None
    inputs, problem = state.inputs, ""
    spec: ClusterSpec | None = None
    try:
        spec = parse(mapping_of(inputs.get("cluster")), UNKNOWN)
    except Invalid as invalid:
        problem = "; ".join(str(each) for each in invalid.problems)
    return Declared(
        spec=spec,
        mode=text_of(inputs.get("mode")) or Mode.ACTIVE.value,
        adopt=inputs.get("adopt") is True,
        former_owner=text_of(inputs.get("formerOwner")),
        channel=mapping_of(inputs.get("channel")),
        unknown=tuple(path for path in unknown_paths(inputs) if not _is_expected(path)),
        unreadable=problem,
    )


def _is_expected(path: str) -> bool:
    return path.startswith("waitsFor") or any(part in path for part in EXPECTED_UNKNOWNS)
