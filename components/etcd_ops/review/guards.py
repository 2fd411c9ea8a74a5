"""What says who may write desired documents, whatever their own rights: the policy and the privacy of the bucket."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from etcd_ops.review.documents import statements
from etcd_ops.review.preview import Change, State, Step

_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
_PRIVACY = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
_WITHOUT = MappingProxyType(
    {
        _POLICY: (
            "nothing but their own rights keeps members from desired documents, orders and programs then, nor other "
            "accounts, and connections in the clear, from the channel"
        ),
        _PRIVACY: "a policy or a list may make the channel public then",
    }
)
"""By type: what it means that it is not there."""
_SETTINGS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def taken_away(step: Step) -> str:
    """What it means that a guard goes, or is switched off; empty where neither happens.

    One that is replaced comes again: only its bucket replaces it, of which others tell.
    """
    retained = step.old is not None and step.old.retain
    goes = step.is_going and step.change is not Change.REPLACE and not retained
    return _WITHOUT.get(step.type, "") if goes or _is_switched_off(step) else ""


def _is_switched_off(step: Step) -> bool:
    if step.type != _PRIVACY or step.change is not Change.UPDATE:
        return False
    return any(_is_on(step.old, name) and not _is_on(step.new, name) for name in _SETTINGS)


def _is_on(state: State | None, name: str) -> bool:
    """What is not known yet may be."""
    return state is not None and state.inputs.get(name) not in (False, None)


def loosened(step: Step) -> str:
    """What another policy forbids no longer, or allows from now on, in words; empty where that is nothing."""
    return "; ".join(_loosened(step)) if step.type == _POLICY else ""


def _loosened(step: Step) -> Iterator[str]:
    denied, still = statements(step.old, "Deny"), statements(step.new, "Deny")
    if lost := [name for whole, name in denied.items() if whole not in still]:
        yield f"it forbids no longer, or otherwise, {', '.join(lost)}: {_WITHOUT[_POLICY]}"
    allowed, anew = statements(step.old, "Allow"), statements(step.new, "Allow")
    if added := [name for whole, name in anew.items() if whole not in allowed]:
        yield f"it allows from now on {', '.join(added)}"
