"""What a refresh makes of a declaration."""

from __future__ import annotations

from typing import Any


def declared_part(declared: Any, then: Any, now: Any) -> Any:
    """The declared part of a live value, where what nobody has changed reads as it was declared.

    Servers write some values in their own words, add others and keep some to themselves. So what counts is whether a
    declared place looks different from how it looked after it was last written or read.

    Args:
        declared: as the program gives it, without marks.
        then: the value as it was last written or read.
        now: the value as it is.
    """
    if then == now:
        return declared
    if isinstance(declared, dict) and isinstance(now, dict):
        before = then if isinstance(then, dict) else {}
        # What is not there now and was not then is none of what the server shows.
        kept = [name for name in declared if name in now or name not in before]
        return {name: declared_part(declared[name], before.get(name), now.get(name)) for name in kept}
    if isinstance(declared, list) and isinstance(now, list) and len(declared) == len(now):
        earlier = then if isinstance(then, list) and len(then) == len(now) else [None] * len(now)
        return [declared_part(*each) for each in zip(declared, earlier, now, strict=True)]
    return now
