"""Whom a condition of a policy document lets through: nobody but callers that it names, or whoever comes.

After S3's own meaning of "public" (Amazon S3 User Guide, "Blocking public access", "The meaning of public"), and KMS's
key for the caller's account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network, ip_network
from typing import Any

_NAMES = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceorgid",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "kms:calleraccount",
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
    }
)
"""Keys, in lower case, that tell who calls, or from where; IAM takes keys in upper or lower case."""
_ADDRESS = "aws:sourceip"
_COMPARING = frozenset(
    f"{quantifier}{operator}"
    for quantifier in ("", "ForAnyValue:")
    for operator in ("StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike")
)
"""Operators that are false where the key is missing or is none of the values. Others are true of some stranger: those
that deny, `ForAllValues` and `...IfExists` of whoever brings no such key."""
_WITHIN = frozenset({"IpAddress", "ForAnyValue:IpAddress"})
_WILD = ("*", "?", "${")
"""What makes a value another one than it says: wildcards, and IAM's variables."""
_WIDEST = {4: 8, 6: 32}
"""By version of IP: fewest bits of a network that is somebody's."""


def named(conditions: Mapping[str, Any]) -> bool:
    """Whether conditions, all of which have to be true, are true of named callers only."""
    return any(
        all(fits(value) for value in values)
        for operator, key, values in _comparisons(conditions)
        if (fits := _test_of(operator, key)) is not None
    )


def _comparisons(conditions: Mapping[str, Any]) -> Iterator[tuple[str, str, Sequence[Any]]]:
    """Operator, key in lower case, and values, of which there is one at least."""
    for operator, compared in conditions.items():
        for key, value in compared.items() if isinstance(compared, Mapping) else ():
            values = value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
            if values:
                yield operator, key.lower(), values


def _test_of(operator: str, key: str) -> Callable[[Any], bool] | None:
    """How a value has to be, to name somebody; None where no value does."""
    if operator in _COMPARING and key in _NAMES:
        return _fixed
    return _narrow if operator in _WITHIN and key == _ADDRESS else None


def _fixed(value: Any) -> bool:
    return str(value) != "" and not any(wild in str(value) for wild in _WILD)


def _narrow(value: Any) -> bool:
    try:
        network = ip_network(str(value), strict=False)
    except ValueError:
        return False
    return network.prefixlen >= _WIDEST[network.version] or (isinstance(network, IPv4Network) and network.is_private)
