"""Whom a condition of a policy document lets through: nobody but callers that it names, or whoever comes.

After S3's own meaning of "public" (Amazon S3 User Guide, "Blocking public access", "The meaning of public"), and KMS's
key for the caller's account.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import IPv4Network, ip_network
from types import MappingProxyType
from typing import Any

from etcd_policies.aws.conditions import COMPARING, comparisons

_NAMES = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
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
_WITHIN = frozenset({"IpAddress", "ForAnyValue:IpAddress"})
_WILD = ("*", "?", "${")
"""What makes a value another one than it says: wildcards, and IAM's variables."""
_BY_PARTS = frozenset({"ArnEquals", "ArnLike"})
"""Operators for which no wildcard of an ARN stands for a colon."""
_ARNS = frozenset({"aws:principalarn", "aws:sourcearn", "s3:dataaccesspointarn"})
_PARTED_ARN = re.compile(r"arn:[^:$]*:[^:$]*:[^:$]*:[0-9]{12}:")
_BEGINNINGS = MappingProxyType(
    {
        **dict.fromkeys(_ARNS, re.compile(r"arn:[^:*?$]+:[^:*?$]+:[^:*?$]*:[0-9]{12}:")),
        **dict.fromkeys(("aws:principalorgpaths", "aws:sourceorgpaths"), re.compile(r"o-[a-z0-9]{10,32}/")),
        "aws:userid": re.compile(r"[A-Z0-9]+:"),
    }
)
"""By key: how a value begins that is somebody's, whatever comes after: an ARN with its account, a path with its
organization, the unique ID of a role, which its sessions have before their names."""
_WIDEST = {4: 8, 6: 32}
"""By version of IP: fewest bits of a network that is somebody's."""


def named(conditions: Mapping[str, Any]) -> bool:
    """Whether conditions, all of which have to be true, are true of named callers only."""
    return any(
        all(fits(value) for value in values)
        for operator, key, values in comparisons(conditions)
        if (fits := _test_of(operator, key)) is not None
    )


def _test_of(operator: str, key: str) -> Callable[[Any], bool] | None:
    """How a value has to be, to name somebody; None where no value does."""
    if operator in COMPARING and key in _NAMES:
        parted = key in _ARNS and operator.rpartition(":")[2] in _BY_PARTS
        beginning = _PARTED_ARN if parted else _BEGINNINGS.get(key)
        return lambda value: _fixed(value) or (beginning is not None and beginning.match(str(value)) is not None)
    return _narrow if operator in _WITHIN and key == _ADDRESS else None


def _fixed(value: Any) -> bool:
    return str(value) != "" and not any(wild in str(value) for wild in _WILD)


def _narrow(value: Any) -> bool:
    try:
        network = ip_network(str(value), strict=False)
    except ValueError:
        return False
    return network.prefixlen >= _WIDEST[network.version] or (isinstance(network, IPv4Network) and network.is_private)
