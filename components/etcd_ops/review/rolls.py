"""What agents do to members because of a change of the declaration: decided by what they would be started with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from etcd_ops.model.configuration import Files, render
from etcd_ops.model.spec import ClusterSpec, MemberSpec, TrustSpec
from etcd_ops.model.trust_changes import DOMAIN_OF_USE, RECOVERED, differ, trust_of
from etcd_ops.model.validation import UNKNOWN_FINGERPRINT
from etcd_ops.review.clusters import Case
from etcd_ops.review.preview import Change

_FILES = Files(*["/"] * 7)
"""Where credentials are does not depend on what is declared, but for bundles of authorities (`_trust`)."""
_LEAF = "tls:index/locallySignedCert:LocallySignedCert"
_TEMPLATES = {"aws:ec2/launchTemplate:LaunchTemplate": "", "kubernetes:apps/v1:StatefulSet": "spec.template.spec"}
"""Types that machines and pods are made from: where in their inputs."""
_DIGESTS = ("userData", "tags", "tagSpecifications", "spec.template.metadata")
"""Inputs that change with any other, or say nothing to a reader."""
_OF_DIGESTS = re.compile(r" is ([0-9a-f]{16}) instead of [0-9a-f]{16}$")
"""How such a change is told where it is a variable of a container."""
_LASTING = (Change.SAME, Change.READ)


@dataclass(frozen=True, slots=True)
class Roll:
    """What one member that stays goes through."""

    slot: str
    restarts: tuple[str, ...] = ()
    """Why its process is started anew; empty where it is not."""
    moves: bool = False
    """Whether its pod or its machine is made anew."""
    anew: tuple[str, ...] = ()
    """What the new one has that the old one had not, in words, as far as the preview tells."""
    agent_moves: bool = False
    """Whether its agent is started anew, in another pod or from another image."""
    agent: str = ""
    """The release of the agent that takes over; empty where none does."""
    leaves: tuple[str, ...] = ()
    """Uses of the certificates that it is given, without a restart."""
    unexplained: tuple[str, ...] = ()
    """Uses whose certificate is not known, though nothing in the preview issues it."""

    @property
    def takes_down(self) -> bool:
        """Whether the member does not serve for a time."""
        return bool(self.restarts) or self.moves


def rolls(case: Case) -> tuple[Roll, ...]:
    """Of every member that is declared and stays declared, by slot."""
    if case.old is None or case.new is None:
        return ()
    return tuple(_roll(case, case.old, case.new, slot) for slot in sorted(case.staying))


def _roll(case: Case, old: ClusterSpec, new: ClusterSpec, slot: str) -> Roll:
    before, after = old.members[slot], new.members[slot]
    issued = tuple(use for use in DOMAIN_OF_USE if _leaf(before, use) != _leaf(after, use) or _unknown(after, use))
    unexplained = tuple(use for use in issued if _unknown(after, use) and not _is_issued(case, slot, use))
    return Roll(
        slot=slot,
        restarts=tuple(_restarts(old, new, slot)),
        moves=before.template != after.template,
        anew=tuple(_anew(case, slot)) if before.template != after.template else (),
        agent_moves=before.agent_template != after.agent_template,
        agent=new.agent.version if old.agent.version != new.agent.version else "",
        leaves=tuple(use for use in issued if use not in unexplained),
        unexplained=unexplained,
    )


def _anew(case: Case, slot: str) -> Iterator[str]:
    """By what its machine or its pod is made from, without what only tells that something differs."""
    for step in case.steps:
        if step.type in _TEMPLATES and step.change is Change.UPDATE and case.slot_of(step) == slot:
            beginning = _TEMPLATES[step.type]
            changed = (each for each in step.what_changes(*_DIGESTS) if each.startswith(beginning))
            yield from (each.removeprefix(f"{beginning}.") for each in changed if not _OF_DIGESTS.search(each))


def _restarts(old: ClusterSpec, new: ClusterSpec, slot: str) -> Iterator[str]:
    if old.etcd.version != new.etcd.version:
        yield f"etcd {old.etcd.version} becomes {new.etcd.version}"
    elif old.etcd.binary.sha256 != new.etcd.binary.sha256:
        yield "another program of the same version"
    if _is_told_otherwise(old, new, slot):
        yield "settings of etcd"
    for domain in RECOVERED:
        if _believes_others(trust_of(old, domain), trust_of(new, domain)):
            yield f"the authorities that it believes of {domain}s"
    if old.incarnation != new.incarnation:
        yield f"incarnation {new.incarnation}"


def _is_told_otherwise(old: ClusterSpec, new: ClusterSpec, slot: str) -> bool:
    """Whether etcd reads something else when it starts."""
    if old.etcd == new.etcd and old.members[slot] == new.members[slot]:
        return False
    return render(old, slot, _FILES).digest != render(new, slot, _FILES).digest


def _believes_others(before: TrustSpec, after: TrustSpec) -> bool:
    if set(before.authorities) != set(after.authorities):
        return True
    return any(differ(before.authorities[each], after.authorities[each]) for each in before.authorities)


def _leaf(member: MemberSpec, use: str) -> str:
    fingerprint: str = getattr(member.certificates, use)
    return fingerprint


def _unknown(member: MemberSpec, use: str) -> bool:
    return _leaf(member, use) == UNKNOWN_FINGERPRINT


def _is_issued(case: Case, slot: str, use: str) -> bool:
    """Whether the preview makes a certificate of this use for the slot: its resource is named by both."""
    return any(
        step.type == _LEAF and f"-{slot}-{use}-" in f"-{step.name}" and step.change not in _LASTING
        for step in case.steps
    )
