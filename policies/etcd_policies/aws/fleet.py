"""All resources of one cluster in a stack: who belongs to it, and who refers to whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi_policy import PolicyResource
from pulumi_policy.proxy import UnknownValueError

from etcd_policies.aws.kinds import ATTACHING, POLICY
from etcd_policies.aws.properties import Properties
from etcd_policies.aws.resource import PRODUCTION, Resource
from etcd_policies.contract import MODULE, Cluster, Unreadable, cluster_of

References = Mapping[str, Mapping[str, frozenset[str]]]
"""URNs of the resources that a resource's properties come from, by its URN and the property."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """The resources of one cluster, as a stack has them."""

    cluster: str
    environment: str
    """What the cluster is for; production where nothing tells."""
    resources: tuple[Resource, ...]
    references: References
    policies: Mapping[str, str | None]
    """ARNs of everybody's policies in the stack, where they are known, by URN."""

    def of(self, *kinds: str) -> tuple[Resource, ...]:
        """Its resources of some types."""
        return tuple(each for each in self.resources if each.kind in kinds)

    def companions(self, whose: Resource, key: str, *kinds: str) -> tuple[Resource, ...]:
        """Resources of some types that say more of another one.

        Args:
            whose: the other.
            key: the property of both that names it, such as `bucket`.
            kinds: their types.
        """
        return tuple(each for each in self.of(*kinds) if self._about(each, whose, key))

    def attached(self, whose: Resource) -> frozenset[str]:
        """URNs of the policies that a resource attaches to a role, where the stack declares them."""
        return _attached(whose, self.policies, self.references)

    def _about(self, companion: Resource, whose: Resource, key: str) -> bool:
        if whose.urn in _referred(self.references, companion.urn):
            return True
        named = _known(companion.properties.values, key)
        return named is not None and named in {_known(whose.properties.values, own) for own in (key, "id", "arn")}


def fleets(resources: Sequence[PolicyResource], kinds: Collection[str]) -> tuple[Fleet, ...]:
    """The clusters in a stack that have resources of some types, in the order of their names.

    A resource is a cluster's that stands below the cluster's component, or else is tagged so, or else takes a property
    from a resource of these types that is one. A policy is also whose role it is attached to.

    Args:
        resources: of the stack.
        kinds: types of resources.

    Raises:
        UnknownValueError: it is not known yet whose one of them is, so that it could be missing anywhere.
    """
    declared = {each.urn: _resource(each) for each in resources if each.resource_type in kinds}
    components = {each.urn: _component_of(each) for each in resources if each.urn in declared}
    references = {each.urn: _references(each) for each in resources if each.urn in declared}
    owners = {urn: _name_of(components[urn]) or each.cluster for urn, each in declared.items()}
    members: dict[str, list[Resource]] = defaultdict(list)
    policies = {urn: _known(each.properties.values, "arn") for urn, each in declared.items() if each.kind == POLICY}
    attached = {urn: _attached(each, policies, references) for urn, each in declared.items()}
    for urn, found in _with_policies(_owners(owners, references), attached).items():
        for owner in sorted(found):
            members[owner].append(declared[urn])
    return tuple(
        Fleet(name, _environment(members[name], components), tuple(members[name]), references, policies)
        for name in sorted(members)
    )


def _owners(owners: Mapping[str, str], references: References) -> dict[str, set[str]]:
    """Whose each resource is: its own cluster's, or else those of which it takes properties."""
    return {
        urn: {owner} if owner else {owners.get(each, "") for each in _referred(references, urn)} - {""}
        for urn, owner in owners.items()
    }


def _with_policies(owners: Mapping[str, set[str]], attached: Mapping[str, frozenset[str]]) -> dict[str, set[str]]:
    """The same, where policies that are nobody's are whose roles they are attached to."""
    found = {urn: set(each) for urn, each in owners.items()}
    for urn, policies in attached.items():
        for policy in policies:
            found[policy] |= set() if owners[policy] else owners[urn]
    return found


def _attached(whose: Resource, policies: Mapping[str, str | None], references: References) -> frozenset[str]:
    if whose.kind not in ATTACHING:
        return frozenset()
    key = ATTACHING[whose.kind]
    referred, named = references[whose.urn].get(key, frozenset()), _known_texts(whose.properties.values, key)
    return frozenset(urn for urn, arn in policies.items() if urn in referred or arn in named)


def _resource(resource: PolicyResource) -> Resource:
    return Resource(resource.resource_type, resource.urn, Properties(resource.props), resource.opts.protect)


def _references(resource: PolicyResource) -> dict[str, frozenset[str]]:
    return {key: frozenset(each.urn for each in given) for key, given in resource.property_dependencies.items()}


def _referred(references: References, urn: str) -> frozenset[str]:
    """All that a resource takes any property from."""
    return frozenset[str]().union(*references.get(urn, {}).values())


def _component_of(resource: PolicyResource) -> PolicyResource | None:
    parent = resource.parent
    while parent is not None and not parent.resource_type.startswith(MODULE):
        parent = parent.parent
    return parent


def _name_of(component: PolicyResource | None) -> str:
    if component is None:
        return ""
    return _told(component, lambda cluster: cluster.section.text("clusterName")) or component.name


def _environment(resources: Sequence[Resource], components: Mapping[str, PolicyResource | None]) -> str:
    """What its component declares, or else its tags; production where they are not of one mind."""
    declared = {_told(each, lambda cluster: cluster.environment) for each in _present(resources, components)}
    told = (declared - {""}) or {each.environment for each in resources if each.cluster}
    return told.pop() if len(told) == 1 else PRODUCTION


def _present(
    resources: Sequence[Resource], components: Mapping[str, PolicyResource | None]
) -> Iterator[PolicyResource]:
    yield from (found for each in resources if (found := components[each.urn]) is not None)


def _told(component: PolicyResource, read: Any) -> str:
    """A text of a component's contract; empty where it cannot be read: the rules about contracts tell why."""
    try:
        cluster: Cluster | None = cluster_of(component.resource_type, component.props)
        return "" if cluster is None else str(read(cluster))
    except (Unreadable, UnknownValueError):
        return ""


def _known(values: Mapping[str, Any], key: str) -> str | None:
    try:
        value = values[key] if key in frozenset(values) else None
    except UnknownValueError:
        return None
    return value if isinstance(value, str) and value else None


def _known_texts(values: Mapping[str, Any], key: str) -> frozenset[str]:
    """A text, or those of a list; none where one of them is not known."""
    try:
        value = values[key] if key in frozenset(values) else ()
        listed = value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
        return frozenset(each for each in listed if isinstance(each, str))
    except UnknownValueError:
        return frozenset()
