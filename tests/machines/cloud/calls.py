"""Which calls of AWS were made, by whom, and on what: to be compared with what roles are granted."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

_S3 = {
    ("GET", True): "GetObject",
    ("HEAD", True): "HeadObject",
    ("PUT", True): "PutObject",
    ("DELETE", True): "DeleteObject",
    ("GET", False): "ListObjectsV2",
    ("HEAD", False): "HeadBucket",
    ("PUT", False): "CreateBucket",
}
_ROUTE53 = {
    ("POST", "rrset"): "ChangeResourceRecordSets",
    ("GET", "rrset"): "ListResourceRecordSets",
    ("POST", "hostedzone"): "CreateHostedZone",
    ("GET", "change"): "GetChange",
}
_S3_PLAIN = frozenset(
    [
        *("list-type", "prefix", "delimiter", "max-keys", "start-after", "continuation-token", "encoding-type"),
        *("fetch-owner", "partNumber", "x-id"),
    ]
)
"""Parameters that leave an operation of S3 what it is; others, such as `acl` and `versions`, make it another one."""
_SCOPE = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")
UNSIGNED = "unsigned"
"""Stands for the service of a request that nobody signed."""


@dataclasses.dataclass(frozen=True)
class Resource:
    """What a call is about, as it was at that moment.

    Attributes:
        arn: its ARN.
        account: whose it is; empty where there is no such thing.
        tags: its tags.
    """

    arn: str
    account: str = ""
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Call:
    """One call.

    Attributes:
        address: whose it was.
        service: as signatures name it.
        operation: as the service's documentation names it.
        status: of the HTTP answer.
        principal: ARN of the role whose credentials signed it; empty for others.
        region: that it was signed for.
        parameters: of the call, as far as grants depend on them.
        resources: that it names.
    """

    address: str
    service: str
    operation: str
    status: int
    principal: str = ""
    region: str = ""
    parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    resources: tuple[Resource, ...] = ()

    @classmethod
    def read(cls, wire: Mapping[str, Any]) -> Call:
        """A call as JSON has it."""
        return cls(**{**wire, "resources": tuple(Resource(**each) for each in wire["resources"])})


@dataclasses.dataclass(frozen=True)
class Scope:
    """What a signature tells of a request; all of it is empty where there is none."""

    access_key: str = ""
    region: str = ""
    service: str = ""


def scope(headers: Mapping[str, str]) -> Scope:
    """What the signature of a request tells.

    Args:
        headers: by their names in lower case.
    """
    found = _SCOPE.search(headers.get("authorization", ""))
    return Scope(*found.groups()) if found else Scope()


def name(method: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[str, str]:
    """The service and the operation of a request; what cannot be told is empty.

    Args:
        method: of HTTP.
        target: path and query.
        headers: by their names in lower case.
        body: the request's.
    """
    service, parts = scope(headers).service, urlsplit(target)
    if "x-amz-target" in headers:
        return service, headers["x-amz-target"].rpartition(".")[2]
    if service == "s3":
        plain = parse_qs(parts.query, keep_blank_values=True).keys() <= _S3_PLAIN
        known = _S3.get((method, parts.path.strip("/").count("/") > 0), "")
        return service, known if plain else f"{known}?{parts.query}"
    if service == "route53":
        words = [word for word in parts.path.split("/") if word]
        kinds = [word for word in reversed(words) if word in {"rrset", "hostedzone", "change"}]
        return service, _ROUTE53.get((method, kinds[0] if kinds else ""), "")
    action = parse_qs(body.decode(errors="replace")).get("Action") or parse_qs(parts.query).get("Action") or [""]
    return service, action[0]
