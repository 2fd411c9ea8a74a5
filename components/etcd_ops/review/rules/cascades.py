"""Replacements that nothing in the declaration asks for: an input is not known before something else is replaced.

The engine replaces whatever has an input that forces it and that a replaced resource computes, even where the value
turns out to be the same. Such a step carries no reason, or as its reason an input that is not known.
"""

from __future__ import annotations

from collections.abc import Iterator

from etcd_ops.review.clusters import Case
from etcd_ops.review.disturbances import DISTURBING
from etcd_ops.review.kinds import Stake, kind_of
from etcd_ops.review.preview import Change, Step, name_of
from etcd_ops.review.result import Finding, Level, Subject

_FOLLOWING = frozenset(
    {
        "tls:index/certRequest:CertRequest",
        "tls:index/locallySignedCert:LocallySignedCert",
        "tls:index/selfSignedCert:SelfSignedCert",
    }
)
"""Certificates follow their keys, requests and authorities on purpose: `certificates` judges them."""
_WORST = DISTURBING | {Stake.CHANNEL, Stake.KEY, Stake.SECRET}


def cascades(case: Case) -> Iterator[Finding]:
    """Replacements without a reason."""
    for step in case.steps:
        if is_cascade(step) and step.type not in _FOLLOWING:
            yield _finding(case, step)


def is_cascade(step: Step) -> bool:
    """Whether a resource is replaced only because the engine cannot know an input before something else is."""
    if step.change is not Change.REPLACE:
        return False
    unknown = {_root(path) for path in step.unknown}
    return {_root(reason) for reason in step.reasons} <= unknown and (bool(unknown) or step.new is None)


def _root(path: str) -> str:
    """The input that a property path begins with."""
    return path.replace("[", ".").split(".")[0]


def _finding(case: Case, step: Step) -> Finding:
    kind = kind_of(step.type)
    dangerous = kind is not None and kind.stake in _WORST and not kind.made_anew
    unknown = ", ".join(step.unknown) or "an input"
    sources = _sources(step)
    after = f" before {', '.join(sources)} is replaced" if sources else ""
    return Finding(
        level=Level.REFUSE if dangerous else Level.ATTENTION,
        subject=Subject.CASCADE,
        code="replaced-by-cascade",
        where=case.slot_of(step) or step.name,
        text=f"{step.type} {step.name} is replaced without a reason of its own: {unknown} is not known{after}",
        remedy="compute it from arguments, not from another resource's outputs",
    )


def _sources(step: Step) -> tuple[str, ...]:
    """Names of the resources that the unknown inputs come from."""
    if step.new is None:
        return ()
    names = {_root(path) for path in step.unknown}
    urns = (urn for name in sorted(names) for urn in step.new.sources.get(name, ()))
    return tuple(dict.fromkeys(name_of(urn) for urn in urns))
