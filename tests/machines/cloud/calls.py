"""Which calls of AWS were made, by whom: to be compared with what roles are granted."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
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
_SCOPE = re.compile(r"Credential=([^/]+)/\d+/[^/]+/([^/]+)/aws4_request")


@dataclasses.dataclass(frozen=True)
class Call:
    """One call.

    Attributes:
        address: whose it was.
        service: as signatures name it.
        operation: as the service's documentation names it.
        status: of the HTTP answer.
    """

    address: str
    service: str
    operation: str
    status: int


def name(method: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[str, str]:
    """The service and the operation of a request; what cannot be told is empty.

    Args:
        method: of HTTP.
        target: path and query.
        headers: by their names in lower case.
        body: the request's.
    """
    scope = _SCOPE.search(headers.get("authorization", ""))
    service = scope[2] if scope else ""
    parts = urlsplit(target)
    if "x-amz-target" in headers:
        return service, headers["x-amz-target"].rpartition(".")[2]
    if service == "s3":
        return service, _S3.get((method, parts.path.strip("/").count("/") > 0), "")
    if service == "route53":
        words = [word for word in parts.path.split("/") if word]
        kinds = [word for word in reversed(words) if word in {"rrset", "hostedzone", "change"}]
        return service, _ROUTE53.get((method, kinds[0] if kinds else ""), "")
    action = parse_qs(body.decode(errors="replace")).get("Action") or parse_qs(parts.query).get("Action") or [""]
    return service, action[0]
