"""What each kind of resource has to say for itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from tools.standins.aws.forms import MAP, Field, Fields
from tools.standins.aws.settings import Place
from tools.standins.values import Properties

TAGGED: Fields = {"tags": Field(form=MAP, apart=True)}
"""For kinds whose tags have calls of their own."""


class Kind(ABC):
    """One type of resource. Inputs and outputs are plain, and in the official provider's words."""

    fields: ClassVar[Fields]
    """What a program may declare, except for `region`."""

    defaults: ClassVar[Mapping[str, Any]] = {}
    """Inputs that are so where nothing is declared, and are then among the outputs."""

    computed: ClassVar[Sequence[str]] = ("arn",)
    """Outputs that nobody declares."""

    restless: ClassVar[Mapping[str, Sequence[str]]] = {}
    """Outputs that are other ones after an update, by the changed input; `*` is any but `tags`."""

    untold: ClassVar[Collection[str]] = ()
    """Properties that are no part of AWS's object, or that moto does not tell: they stay as they were declared."""

    secrets: ClassVar[Collection[str]] = ()
    """Properties that are secret whoever declares them."""

    absent: ClassVar[Collection[str]] = ()
    """AWS's error codes that say that there is no such object."""

    name: ClassVar[str] = ""
    """The property that names the object, where two of one name cannot be: it goes before it is replaced."""

    def problems(self, inputs: Properties) -> Mapping[str, str]:
        """What is wrong with known inputs besides their form, by property."""
        return {}

    @abstractmethod
    def create(self, place: Place, inputs: Properties) -> str:
        """Makes the object, and returns the resource's ID."""

    @abstractmethod
    def read(self, place: Place, identity: str, known: Properties) -> Properties | None:
        """The object as it is: all properties that AWS tells, and the computed ones.

        Args:
            place: where it is.
            identity: the resource's ID.
            known: what is known of it: the outputs, or the inputs of one just made.

        Returns:
            None if it is not there, which an error named in `absent` also says.
        """

    @abstractmethod
    def update(self, place: Place, identity: str, before: Properties, after: Properties) -> None:
        """Has the object be as the inputs say; none of those that are fixed have changed."""

    @abstractmethod
    def delete(self, place: Place, identity: str, known: Properties) -> None:
        """Deletes the object."""


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    """The properties whose values differ."""
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def tag_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    """The tags to set, and the keys of those to take away."""
    old, new = before.get("tags") or {}, after.get("tags") or {}
    return {key: value for key, value in new.items() if old.get(key) != value}, sorted(old.keys() - new.keys())
