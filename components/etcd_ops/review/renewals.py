"""Whether a preview does nothing but renew certificates in their window, so that nobody need look. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from etcd_ops.review.alike import Event, told_once
from etcd_ops.review.kinds import Stake, is_component, kind_of
from etcd_ops.review.preview import Change, Preview, Step
from etcd_ops.review.result import Finding, Level, Subject
from etcd_ops.review.values import UNKNOWN, changes

_LEAF = "tls:index/locallySignedCert:LocallySignedCert"
_DUE = "readyForRenewal"
"""The property because of which `pulumi-tls` replaces a certificate in its window."""
_OWN = "etcd:index:"
_LEFT_ALONE = frozenset({Change.SAME, Change.READ})
_HAPPENS = {Change.CREATE: "is made", Change.REPLACE: "is replaced", Change.DELETE: "goes"}
_PART = re.compile(r"[.\[]")
"""Begins what is within an input."""


def beyond_renewals(preview: Preview) -> Iterator[Finding]:
    """Whatever is done to any resource, of a cluster or not, but for renewals and what follows from them."""
    renewed = _renewed(preview.steps)
    others = (step for step in preview.steps if step.change not in _LEFT_ALONE and step.urn not in renewed)
    yield from told_once(((_event(step), step.name) for step in others), Subject.PREVIEW)


def without_warnings(finding: Finding) -> Finding:
    """A finding about the whole preview; a warning, and a rule that only advises, ask for nothing any more."""
    warns = finding.level is Level.ATTENTION and finding.subject in (Subject.PREVIEW, Subject.POLICY)
    return finding.model_copy(update={"level": Level.FINE}) if warns else finding


def _renewed(steps: Iterable[Step]) -> Collection[str]:
    """URNs. The engine tells of a resource after those that it depends on."""
    found: set[str] = set()
    for step in steps:
        if _is_due(step) or _follows(step, found):
            found.add(step.urn)
    return found


def _is_due(step: Step) -> bool:
    """Whether it is a certificate that is replaced because of the time alone."""
    in_its_window = step.type == _LEAF and step.change is Change.REPLACE and _DUE in step.reasons
    return in_its_window and step.old is not None and step.new is not None and step.old.inputs == step.new.inputs


def _follows(step: Step, renewed: Collection[str]) -> bool:
    """Whether everything that changes of it comes from what is renewed, and is not known before that."""
    if step.old is None or step.new is None or not _delivers(step):
        return False
    names, sources = _changed(step), step.new.sources
    values = (after for _, _, after in changes(step.old.inputs, step.new.inputs))
    comes_from_them = (any(urn in renewed for urn in sources.get(name, ())) for name in names)
    return bool(names) and all(value == UNKNOWN for value in values) and all(comes_from_them)


def _delivers(step: Step) -> bool:
    """Whether it brings certificates to members, or tells of them, by such a change."""
    kind = kind_of(step.type)
    of_secrets = kind is not None and kind.stake is Stake.SECRET
    if step.change is Change.REPLACE:
        return kind is not None and of_secrets and kind.made_anew
    own = step.type.startswith(_OWN) and not is_component(step.type)
    return step.change is Change.UPDATE and (own or of_secrets)


def _changed(step: Step) -> list[str]:
    """Inputs that change. Of one that is secret nothing is told but the engine's reason."""
    old, new = (state.inputs if state is not None else {} for state in (step.old, step.new))
    paths = [*(path for path, _, _ in changes(old, new)), *step.reasons]
    names = dict.fromkeys(_PART.split(path)[0] for path in paths)
    return [name for name in names if name in old or name in new]


def _event(step: Step) -> Event:
    kind = kind_of(step.type)
    happens = f"{_happens(step)}, and not because a certificate is in its window"
    return Event(Level.ATTENTION, "beyond-renewal", kind.what if kind else "a resource", step.type, happens)


def _happens(step: Step) -> str:
    """Without values: this is told of any resource, and some of them hold what nobody is to read."""
    if step.change is Change.UPDATE:
        return f"changes ({', '.join(_changed(step)) or 'something'})"
    return _HAPPENS.get(step.change, f"is to go through {step.operation!r}")
