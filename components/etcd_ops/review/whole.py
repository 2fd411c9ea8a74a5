"""What concerns a preview as a whole: errors, policies, clusters of two stacks' minds, members without a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from etcd_ops.model.tags import CLUSTER_TAG
from etcd_ops.review.clusters import Case
from etcd_ops.review.kinds import Stake, kind_of
from etcd_ops.review.preview import Change, Complaint, Preview, Step, Violation, name_of
from etcd_ops.review.result import Finding, Level, Subject
from etcd_ops.review.values import mapping_of, text_of

_HELD = frozenset({Stake.DATA, Stake.EVERY_COPY, Stake.KEY, Stake.CHANNEL, Stake.MEMBER, Stake.ZONE})


def whole(preview: Preview, cases: Sequence[Case]) -> Iterator[Finding]:
    """Findings that belong to no single cluster."""
    yield from _engine(preview)
    yield from (_violated(each) for each in preview.violations)
    if not preview.audited:
        yield _not_asked()
    yield from _moved(cases)
    yield from _ownerless(preview, cases)


def _engine(preview: Preview) -> Iterator[Finding]:
    for complaint in dict.fromkeys(preview.complaints):
        yield _complained(complaint)
    if not preview.complete:
        text = "the engine did not come to its end: there may be more than is shown"
        yield Finding(level=Level.REFUSE, subject=Subject.PREVIEW, code="incomplete", text=text)
    if preview.corrupt:
        text = "the engine suspects that the stack's state is damaged"
        yield Finding(level=Level.REFUSE, subject=Subject.PREVIEW, code="corrupt", text=text)


def _complained(complaint: Complaint) -> Finding:
    return Finding(
        level=Level.REFUSE if complaint.error else Level.ATTENTION,
        subject=Subject.PREVIEW,
        code="error" if complaint.error else "warning",
        where=name_of(complaint.urn) if complaint.urn else "",
        text=complaint.text,
    )


def _violated(violation: Violation) -> Finding:
    return Finding(
        level=Level.REFUSE if violation.mandatory else Level.ATTENTION,
        subject=Subject.POLICY,
        code=violation.policy or "policy",
        where=name_of(violation.urn) if violation.urn else "",
        text=violation.text,
    )


def _not_asked() -> Finding:
    """A review without policies is one, but nobody is to take silence for a rule that holds."""
    return Finding(
        level=Level.FINE, subject=Subject.POLICY, code="policies-not-asked",
        text="nothing that was given tells of policies: whether any of their rules is broken is not known",
        remedy="give --policies what `pulumi policy analyze --json` printed, or a preview's stream of events",
    )  # fmt: skip


def _moved(cases: Sequence[Case]) -> Iterator[Finding]:
    """A cluster that leaves under one name and comes under another: to the engine these are two."""
    for old in cases:
        for new in cases:
            if old.is_retired and new.is_new and old.before and new.after and old.before.channel == new.after.channel:
                yield Finding(
                    level=Level.REFUSE, subject=Subject.OWNER, code="renamed", where=new.name,
                    text=f"{old.urn} is taken down, and {new.urn} is declared in the same channel",
                    remedy="keep its name and its parents, or give the new resource an alias of the old one",
                )  # fmt: skip


def _ownerless(preview: Preview, cases: Sequence[Case]) -> Iterator[Finding]:
    """What holds a member or data of one, of which the preview shows neither component nor Rollout."""
    owned = {step.urn for case in cases for step in case.steps}
    for step in preview.steps:
        kind = kind_of(step.type)
        if step.urn in owned or kind is None or kind.stake not in _HELD or not _is_ours(step):
            continue
        if step.is_going:
            text = f"{kind.what} ({step.type} {step.name}) goes, and the preview does not show of which cluster it is"
            yield Finding(level=Level.REFUSE, subject=Subject.DATA, code="ownerless", where=step.name, text=text)
        elif step.change is not Change.SAME:
            text = f"{step.type} {step.name} changes, and the preview does not show of which cluster it is"
            yield Finding(level=Level.ATTENTION, subject=Subject.DATA, code="ownerless", where=step.name, text=text)


def _is_ours(step: Step) -> bool:
    """Whether a resource is of an etcd cluster: by its type, its tags or its labels."""
    if step.type.startswith("etcd:"):
        return True
    inputs = step.state.inputs
    labels = mapping_of(mapping_of(inputs.get("metadata")).get("labels"))
    return bool(
        text_of(mapping_of(inputs.get("tags")).get(CLUSTER_TAG)) or text_of(labels.get("pulumi-etcd.dev/cluster"))
    )
