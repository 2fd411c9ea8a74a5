"""What the name of an instance type tells."""

from __future__ import annotations

import re

_TYPE = re.compile(r"([a-z]+)[0-9]+[a-z-]*\.(?:([0-9]*)xlarge|(nano|micro|small|medium|large))")
_PER_XLARGE, _SMALLER = 4, 2


def vcpus(name: str) -> int | None:
    """Virtual processors of an instance type, by its size; None where its name does not tell.

    Every family has 4 in `xlarge`, times the number before it, and 2 in `large` (EC2 Instance Types). Below that only
    burstable families have 2 throughout; the smallest of the oldest one have 1, and count as 2 here.

    Args:
        name: such as `m7g.large`.
    """
    found = _TYPE.fullmatch(name)
    if found is None:
        return None
    family, times, smaller = found.groups()
    if smaller is None:
        return _PER_XLARGE * int(times or 1)
    return 1 if smaller == "medium" and family != "t" else _SMALLER
