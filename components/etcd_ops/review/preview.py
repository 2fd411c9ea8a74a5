"""A preview of the engine as a value: its steps, what it complained about, and how much of it there is."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum

from etcd_ops.review.values import Properties, changes, told, unknown_paths


class Change(Enum):
    """What happens to a resource, whichever of the engine's operations say so."""

    SAME = "same"
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    READ = "read"
    UNKNOWN = "unknown"
    """By an operation that this version does not know."""


CHANGES: Mapping[str, Change] = {
    "same": Change.SAME,
    "create": Change.CREATE,
    "import": Change.CREATE,
    "update": Change.UPDATE,
    "refresh": Change.READ,
    "read": Change.READ,
    "diff": Change.READ,
    "extend-parameterize": Change.READ,
    "replace": Change.REPLACE,
    "create-replacement": Change.REPLACE,
    "delete-replaced": Change.REPLACE,
    "import-replacement": Change.REPLACE,
    "read-replacement": Change.REPLACE,
    "discard-replaced": Change.REPLACE,
    "remove-pending-replace": Change.REPLACE,
    "delete": Change.DELETE,
    "discard": Change.DELETE,
}
"""By the engine's operation (pulumi/pulumi, pkg/resource/deploy/step.go)."""
GOING = frozenset({Change.REPLACE, Change.DELETE, Change.UNKNOWN})
"""Changes after which what a resource held may be gone."""


@dataclass(frozen=True, slots=True)
class State:
    """A resource before or after a step, as far as a preview tells."""

    inputs: Properties = field(default_factory=dict)
    outputs: Properties = field(default_factory=dict)
    parent: str = ""
    protect: bool = False
    retain: bool = False
    """Whether deleting it in the engine leaves it where it is."""
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By input: URNs of the resources that its value comes from."""

    def __contains__(self, name: str) -> bool:
        return name in self.inputs


@dataclass(frozen=True, slots=True)
class Step:
    """What a preview says of one resource."""

    urn: str
    change: Change
    operation: str = ""
    """The engine's word for it."""
    old: State | None = None
    new: State | None = None
    reasons: tuple[str, ...] = ()
    """Properties because of which it is replaced or changed, as the engine tells them."""
    deleted_first: bool = False
    """Whether a replaced one is known to be deleted before its successor is made."""

    @property
    def type(self) -> str:
        """The resource's type token."""
        return type_of(self.urn)

    @property
    def name(self) -> str:
        """The resource's name."""
        return name_of(self.urn)

    @property
    def state(self) -> State:
        """What is known of the resource now; of one that is yet to be made, what it is to be."""
        return self.old or self.new or State()

    @property
    def parent(self) -> str:
        """URN of its parent; empty where it has none, or it is not told."""
        return next((each.parent for each in (self.new, self.old) if each is not None and each.parent), "")

    @property
    def is_going(self) -> bool:
        """Whether what the resource held may be gone afterwards."""
        return self.change in GOING

    @property
    def is_applied(self) -> bool:
        """Whether its new state is put in place of what there was, if anything."""
        return self.change not in (Change.SAME, Change.READ, Change.DELETE)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Inputs that are not known in the preview."""
        return tuple(unknown_paths(self.new.inputs)) if self.new is not None else ()

    def what_changes(self, *beginnings: str) -> tuple[str, ...]:
        """What changes of its inputs, in words; nothing where one of the states is missing.

        Args:
            beginnings: paths that are left out, with everything below them.
        """
        if self.old is None or self.new is None:
            return ()
        found = changes(self.old.inputs, self.new.inputs)
        return tuple(told(*each) for each in found if not is_below(each[0], beginnings))


@dataclass(frozen=True, slots=True)
class Complaint:
    """An error or a warning of the engine, of a provider, or of the program."""

    text: str
    urn: str = ""
    error: bool = True


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule of a policy pack that is broken."""

    policy: str
    text: str
    urn: str = ""
    mandatory: bool = True


@dataclass(frozen=True, slots=True)
class Preview:
    """All of one preview."""

    steps: tuple[Step, ...] = ()
    complaints: tuple[Complaint, ...] = ()
    violations: tuple[Violation, ...] = ()
    complete: bool = True
    """Whether the engine came to its end: it told a summary."""
    corrupt: bool = False
    """Whether the engine itself suspects that its state is damaged."""
    audited: bool = False
    """Whether what was given tells of policies: the digest of a preview never does, even if there were some."""

    @property
    def stack(self) -> str:
        """The stack as `project/stack`; empty where no resource tells it."""
        return next((found for each in self.steps if (found := stack_of(each.urn))), "")


def is_below(path: str, beginnings: Collection[str]) -> bool:
    """Whether a path of a property begins with one of others."""
    return any(re.match(rf"{re.escape(each)}(?:[.\[]|$)", path) for each in beginnings)


def stack_of(urn: str) -> str:
    """`project/stack` of a URN; empty where it is no URN."""
    parts = urn.split("::")
    return f"{parts[1]}/{parts[0].removeprefix('urn:pulumi:')}" if len(parts) > 3 else ""


def type_of(urn: str) -> str:
    """The type token of a URN, without its parents' types; empty where it is no URN."""
    parts = urn.split("::")
    return parts[2].rsplit("$", 1)[-1] if len(parts) > 3 else ""


def name_of(urn: str) -> str:
    """The name of a URN: what follows the type, whatever stands in it."""
    return "::".join(urn.split("::")[3:]) or urn
