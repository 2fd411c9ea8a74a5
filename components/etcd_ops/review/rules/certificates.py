"""Authorities and leaves: barriers of a rotation, renewals, authorities that must not be lost."""

from __future__ import annotations

import re
from collections.abc import Iterator

from etcd_ops.model.spec import ClusterSpec, TrustSpec
from etcd_ops.model.trust_changes import DOMAINS, RECOVERED, trust_of
from etcd_ops.model.validation import UNKNOWN_FINGERPRINT
from etcd_ops.review.clusters import Case
from etcd_ops.review.preview import Change, Step
from etcd_ops.review.result import Finding, Level, Subject
from etcd_ops.review.rolls import rolls

_AUTHORITY = re.compile(r"-(peer|client|metrics)-ca-([1-9]\d*)$")
"""How `pulumi_etcd.certificates` names the key and the certificate of a trust generation."""
_KEY = "tls:index/privateKey:PrivateKey"
_TYPES = (_KEY, "tls:index/selfSignedCert:SelfSignedCert")


def certificates(case: Case) -> Iterator[Finding]:
    """What becomes of trust."""
    if case.old is not None and case.new is not None:
        yield from _trusts(case.old, case.new)
        yield from _renewed(case)
        yield from _windows(case.old, case.new)
    yield from _authorities(case)


def _trusts(old: ClusterSpec, new: ClusterSpec) -> Iterator[Finding]:
    recovered = RECOVERED if old.incarnation != new.incarnation else ()
    if recovered:
        text = f"incarnation {new.incarnation} is declared: a recovery, whose new trust clients need as well"
        yield _finding(Level.ATTENTION, "incarnation", text)
    for domain in DOMAINS:
        before, after = trust_of(old, domain), trust_of(new, domain)
        yield from _kept(domain, before, after)
        if domain not in recovered:
            yield from _barriers(domain, before, after)


def _kept(domain: str, before: TrustSpec, after: TrustSpec) -> Iterator[Finding]:
    """Generations whose authority may be another one."""
    for generation, fingerprint in after.authorities.items():
        if _becomes_unknown(before.authorities.get(generation), fingerprint):
            text = f"whether generation {generation} of the {domain} trust stays the same authority is not known"
            yield _finding(Level.ATTENTION, "authority-unknown", text, domain)


def _barriers(domain: str, before: TrustSpec, after: TrustSpec) -> Iterator[Finding]:
    starts = "members restart one by one" if domain in RECOVERED else "agents take it without a restart of etcd"
    added = set(after.authorities) - set(before.authorities)
    gone = set(before.authorities) - set(after.authorities)
    if added:
        text = f"barrier 1 of 3: generation {_listed(added)} of the {domain} trust is believed as well: {starts}"
        yield _finding(Level.ATTENTION, "authority-added", text, domain)
    if before.issuer != after.issuer:
        text = f"barrier 2 of 3: {domain} leaves come from generation {after.issuer} instead of {before.issuer}"
        yield _finding(Level.ATTENTION, "issuer-changes", text, domain, _clients(domain))
    if gone:
        newer = all(int(each) > after.issuer for each in gone)
        step = "a rotation is taken back" if newer else "barrier 3 of 3"
        text = f"{step}: generation {_listed(gone)} of the {domain} trust is no longer believed: {starts}"
        yield _finding(Level.ATTENTION, "authority-dropped", text, domain, "" if newer else _clients(domain))


def _becomes_unknown(before: str | None, after: str) -> bool:
    return before not in (None, UNKNOWN_FINGERPRINT) and after == UNKNOWN_FINGERPRINT


def _clients(domain: str) -> str:
    return "make sure that clients have the new bundle, and their new certificates" if domain == "client" else ""


def _listed(generations: set[str]) -> str:
    return ", ".join(sorted(generations, key=int))


def _renewed(case: Case) -> Iterator[Finding]:
    every = rolls(case)
    if renewed := {use for roll in every for use in roll.leaves}:
        slots = sum(1 for roll in every if roll.leaves)
        text = f"leaves of {slots} members are renewed ({', '.join(sorted(renewed))}), without a restart"
        yield _finding(Level.FINE, "leaves-renewed", text)
    for roll in every:
        if roll.unexplained:
            text = f"its certificates ({', '.join(roll.unexplained)}) are not known, and nothing here issues them"
            yield _finding(Level.ATTENTION, "leaves-unknown", text, roll.slot)


def _windows(old: ClusterSpec, new: ClusterSpec) -> Iterator[Finding]:
    if old.renewal != new.renewal:
        before, after = old.renewal, new.renewal
        text = (
            f"leaves are valid for {after.validity_hours} h instead of {before.validity_hours} h, and are renewed "
            f"{after.window_hours} h before their end instead of {before.window_hours} h: every leaf is issued anew"
        )
        yield _finding(Level.ATTENTION, "renewal-changes", text, "renewal")


def _authorities(case: Case) -> Iterator[Finding]:
    for step in case.steps:
        found = _AUTHORITY.search(step.name)
        if step.type in _TYPES and found is not None and step.is_going and not case.is_retired:
            yield _authority(case, step, found[1], found[2])


def _authority(case: Case, step: Step, domain: str, generation: str) -> Finding:
    what = "key" if step.type == _KEY else "certificate"
    dropped = case.new is not None and generation not in trust_of(case.new, domain).authorities
    if step.change is Change.DELETE and dropped:
        text = f"the {what} of {domain} authority {generation} is deleted: nothing it issued is believed any more"
        return _finding(Level.ATTENTION, "authority-deleted", text, step.name)
    happens = "replaced" if step.change is Change.REPLACE else "deleted"
    text = (
        f"the {what} of {domain} authority {generation} is {happens}: members and clients that believe it are cut off"
    )
    remedy = f"keep it, and add the next trust generation to trust.{domain}.generations"
    return _finding(Level.REFUSE, f"authority-{happens}", text, step.name, remedy)


def _finding(level: Level, code: str, text: str, where: str = "", remedy: str = "") -> Finding:
    return Finding(level=level, subject=Subject.CERTIFICATES, code=code, where=where, text=text, remedy=remedy)
