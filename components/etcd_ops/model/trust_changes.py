"""Which trust may be declared after which: the three barriers of a rotation, and the clean cut of an incarnation.

etcd reads bundles of authorities only when it starts. A rotation is therefore three declarations: believe both
generations, issue from the new one, drop the old one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from etcd_ops.model.observed import Observed
from etcd_ops.model.problems import Problem
from etcd_ops.model.spec import ClusterSpec, TrustSpec
from etcd_ops.model.validation import UNKNOWN_FINGERPRINT

USES_OF_DOMAIN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"peer": ("peer",), "client": ("server", "agent"), "metrics": ("metrics",)}
)
"""Which leaves of a member the authorities of a domain issue."""
DOMAIN_OF_USE = {use: domain for domain, uses in USES_OF_DOMAIN.items() for use in uses}
"""Which domain's authorities issue the leaf of a use."""
DOMAINS = tuple(USES_OF_DOMAIN)
RECOVERED = ("peer", "client")
"""Domains whose trust a new incarnation replaces, so that no member or client of the old one is believed."""


def trust_of(spec: ClusterSpec, domain: str) -> TrustSpec:
    """The trust of one domain."""
    trust: TrustSpec = getattr(spec.trust, domain)
    return trust


def trust_changed(before: ClusterSpec, after: ClusterSpec) -> bool:
    """Whether members would start with other bundles, or present leaves of another issuer."""
    return any(_shape(trust_of(before, domain)) != _shape(trust_of(after, domain)) for domain in RECOVERED)


def _shape(trust: TrustSpec) -> tuple[int, frozenset[str]]:
    return trust.issuer, frozenset(trust.authorities)


def rotation_problems(before: ClusterSpec, after: ClusterSpec, observed: Observed) -> Iterator[Problem]:
    """Changes of trust within one incarnation that skip a barrier."""
    for domain in DOMAINS:
        yield from _domain_problems(domain, trust_of(before, domain), trust_of(after, domain), observed)
        yield from _stale_leaves(domain, before, after)


def incarnation_problems(before: ClusterSpec, after: ClusterSpec, observed: Observed) -> Iterator[Problem]:
    """Trust by which somebody of the other incarnation would still be believed."""
    raised = after.incarnation > before.incarnation
    for domain in DOMAINS:
        old, new = trust_of(before, domain), trust_of(after, domain)
        if domain not in RECOVERED:
            yield from _domain_problems(domain, old, new, observed)
        elif _overlap(old, new) or (raised and _oldest(new) <= _newest(old)):
            reason = "an authority of the other incarnation is believed: its members could come back"
            remedy = f"declare generation {_newest(old) + 1} alone, with a new authority"
            yield Problem(f"trust.{domain}.authorities", reason, remedy)
        yield from _stale_leaves(domain, before, after)


def changed_authorities(before: ClusterSpec, after: ClusterSpec) -> Iterator[Problem]:
    """Trust generations that are not what they were."""
    for domain in DOMAINS:
        old, new = trust_of(before, domain), trust_of(after, domain)
        for generation in sorted(set(old.authorities) & set(new.authorities)):
            if differ(old.authorities[generation], new.authorities[generation]):
                path = f"trust.{domain}.authorities.{generation}"
                remedy = f"keep it, and add generation {_newest(old) + 1}"
                yield Problem(path, "the authority of a trust generation never changes", remedy)


def differ(one: str, other: str) -> bool:
    """Whether two fingerprints are known to be of different certificates."""
    return one != other and UNKNOWN_FINGERPRINT not in (one, other)


def _overlap(one: TrustSpec, other: TrustSpec) -> bool:
    fingerprints = set(one.authorities.values()) & set(other.authorities.values()) - {UNKNOWN_FINGERPRINT}
    return bool(fingerprints or set(one.authorities) & set(other.authorities))


def _oldest(trust: TrustSpec) -> int:
    return min(int(generation) for generation in trust.authorities)


def _newest(trust: TrustSpec) -> int:
    return max(int(generation) for generation in trust.authorities)


def _domain_problems(domain: str, before: TrustSpec, after: TrustSpec, observed: Observed) -> Iterator[Problem]:
    newest, path = _newest(before), f"trust.{domain}"
    for generation in sorted(set(after.authorities) - set(before.authorities)):
        # One that was dropped too early comes back: it is the same if members that were left behind believe it.
        returns = after.authorities[generation] in observed.known.get(domain, ())
        if int(generation) <= newest and not returns:
            reason = f"trust generations only rise, and {newest} was there already"
            yield Problem(f"{path}.authorities.{generation}", reason, f"call it {newest + 1}")
    if str(before.issuer) not in after.authorities:
        reason = f"generation {before.issuer} has issued the certificates in use"
        remedy = "keep it until an `up` with another issuer has succeeded"
        yield Problem(f"{path}.authorities", reason, remedy)
    if after.issuer != before.issuer:
        yield from _issuer_problems(domain, before, after, observed)
    elif set(before.authorities) - set(after.authorities):
        yield from _dropping_problems(domain, after, observed)


def _issuer_problems(domain: str, before: TrustSpec, after: TrustSpec, observed: Observed) -> Iterator[Problem]:
    path, fingerprint = f"trust.{domain}.issuer", before.authorities.get(str(after.issuer))
    believed = observed.believed.get(domain)
    if fingerprint is None:
        reason = f"generation {after.issuer} is not believed by the members yet"
        remedy = f"declare it among the authorities first, with issuer {before.issuer}, and run `up`"
        yield Problem(path, reason, remedy)
    elif believed is not None and _differs_from_all(fingerprint, believed):
        reason = f"not every member has started since generation {after.issuer} was declared"
        yield Problem(path, reason, f"keep issuer {before.issuer} until an `up` succeeds")


def _dropping_problems(domain: str, after: TrustSpec, observed: Observed) -> Iterator[Problem]:
    """An authority goes once everybody believes the one that stays."""
    fingerprint, believed = after.authorities.get(str(after.issuer)), observed.believed.get(domain)
    if believed is not None and fingerprint is not None and _differs_from_all(fingerprint, believed):
        reason = f"not every member has started since generation {after.issuer} was declared"
        yield Problem(f"trust.{domain}.authorities", reason, "drop none until an `up` succeeds")


def _differs_from_all(fingerprint: str, others: frozenset[str]) -> bool:
    """Whether a fingerprint is known to be none of `others`."""
    return fingerprint != UNKNOWN_FINGERPRINT and fingerprint not in others


def _stale_leaves(domain: str, before: ClusterSpec, after: ClusterSpec) -> Iterator[Problem]:
    """Leaves that did not follow their issuer."""
    issuer = trust_of(before, domain).issuer
    if issuer == trust_of(after, domain).issuer:
        return
    for slot in sorted(set(before.members) & set(after.members)):
        for use in USES_OF_DOMAIN[domain]:
            old, new = (getattr(spec.members[slot].certificates, use) for spec in (before, after))
            if old == new != UNKNOWN_FINGERPRINT:
                path, reason = f"members.{slot}.certificates.{use}", f"is still the one that generation {issuer} issued"
                yield Problem(path, reason, "issue another one from the declared issuer")
