"""A resource of a cluster, and how it is recognised as one, whatever language and whichever component declared it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from etcd_ops.model.tags import CLUSTER_TAG, ENVIRONMENT_TAG
from etcd_policies.aws.properties import Properties
from etcd_policies.contract import MODULE

PRODUCTION = "production"
"""A resource that does not tell what it is for is held to production."""
_PAIR = frozenset({"key", "value"})
"""What a tag in a list consists of."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource as it is declared. Whose it is raises UnknownValueError while its tags are not known."""

    kind: str
    urn: str
    properties: Properties
    protected: bool
    """Whether the engine refuses to delete it."""

    @property
    def cluster(self) -> str:
        """The cluster that its tags name; empty where they name none."""
        return self._tag(CLUSTER_TAG)

    @property
    def environment(self) -> str:
        """What its cluster is for, by its tags."""
        return self._tag(ENVIRONMENT_TAG) or PRODUCTION

    @property
    def below_a_component(self) -> bool:
        """Whether a cluster's component declared it, by the types of all ancestors in its URN.

        That is `urn:pulumi:STACK::PROJECT::TYPE$TYPE::NAME`.
        """
        parts = self.urn.split("::")
        ancestors = parts[2].split("$")[:-1] if len(parts) > 3 else []
        return any(each.startswith(MODULE) for each in ancestors)

    @property
    def of_a_cluster(self) -> bool:
        """Whether it is tagged as a cluster's, or stands below a cluster's component."""
        return self.below_a_component or bool(self.cluster)

    def _tag(self, name: str) -> str:
        value = _tags(self.properties.values).get(name)
        return value if isinstance(value, str) else ""


def _tags(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Auto Scaling groups have a list of tags, and providers may add tags of their own."""
    found: dict[str, Any] = {}
    for key in ("tagsAll", "tags"):
        if key in frozenset(properties):
            found |= _named(properties[key])
    return found


def _named(tags: Any) -> dict[str, Any]:
    if isinstance(tags, Mapping):
        return {name: tags[name] for name in tags if name in {CLUSTER_TAG, ENVIRONMENT_TAG}}
    if isinstance(tags, Sequence) and not isinstance(tags, str):
        pairs = [each for each in tags if isinstance(each, Mapping) and frozenset(each) >= _PAIR]
        return {each["key"]: each["value"] for each in pairs if isinstance(each["key"], str)}
    return {}
