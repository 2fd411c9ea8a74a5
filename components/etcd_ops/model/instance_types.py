"""What the name of a type of EC2 instances tells."""

from __future__ import annotations

import re

STANDARD_LETTERS = frozenset("acdhimrtz")
"""Begin the families that count as standard instances (EC2 User Guide, "On-Demand Instance quotas")."""
_APART = frozenset({"dl", "hpc", "inf", "mac", "trn"})
"""Families that begin with one of these letters and have quotas of their own, or hosts."""
_FAMILY = re.compile(r"[a-z]+")
_TYPE = re.compile(
    r"(?P<family>[a-z]+)(?P<generation>[0-9]+)[a-z-]*\."
    r"(?:(?P<times>[0-9]*)xlarge|metal-(?P<metal>[0-9]+)xl|(?P<smaller>nano|micro|small|medium|large))"
)
_PER_XLARGE, _PER_LARGE = 4, 2
_BURSTABLE, _BURSTABLE_OF_OLD = "t", frozenset({"1", "2"})


def is_standard(name: str) -> bool:
    """Whether instances of a type count against the quota of standard ones.

    Args:
        name: such as `m7g.large`.
    """
    family = _FAMILY.match(name)
    return family is not None and name[0] in STANDARD_LETTERS and family[0] not in _APART


def vcpus(name: str) -> int | None:
    """Virtual processors of a standard instance, by its size; None where its name does not tell.

    Every family has 4 in `xlarge`, times the number before it, and 2 in `large`. Below that burstable ones have 2 (the
    old ones 1 up to `small`), and others 1 (Amazon EC2 Instance Types, "Specifications"). A few types from before Nitro
    have others.

    Args:
        name: such as `m7g.large`.
    """
    found = _TYPE.fullmatch(name)
    if found is None:
        return None
    if found["smaller"] is None:
        return _PER_XLARGE * int(found["times"] or found["metal"] or 1)
    return 1 if _has_one(found["family"], found["generation"], found["smaller"]) else _PER_LARGE


def _has_one(family: str, generation: str, size: str) -> bool:
    if family == _BURSTABLE:
        return generation in _BURSTABLE_OF_OLD and size not in ("medium", "large")
    return size != "large"
