"""What a request to AWS is about, as far as grants depend on it: of its path, headers and body. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

Parameters = dict[str, Any]
_CONDITIONAL = "if-match"


def parameters(service: str, target: str, headers: Mapping[str, str], body: bytes) -> Parameters:
    """Of any request; none where it cannot be read, which every service refuses.

    Args:
        service: as signatures name it.
        target: path, without escapes, and query.
        headers: by their names in lower case.
        body: the request's; of S3 it is content, and is left out.
    """
    try:
        return _read(service, urlsplit(target).path, headers, body)
    except (ValueError, ET.ParseError):
        return {}


def _read(service: str, path: str, headers: Mapping[str, str], body: bytes) -> Parameters:
    match service:
        case "s3":
            return _of_s3(path, headers)
        case "route53":
            return {"HostedZoneId": _zone(path), "Changes": _changes(body)}
        case "secretsmanager":
            found: Parameters = json.loads(body or b"{}")
            return {key: found[key] for key in ("SecretId", "VersionId", "VersionStage") if key in found}
        case "ec2" | "autoscaling":
            return {key: values[0] for key, values in parse_qs(body.decode(errors="replace")).items()}
    return {}


def _of_s3(path: str, headers: Mapping[str, str]) -> Parameters:
    bucket, _, key = path.removeprefix("/").partition("/")
    optional = {"Key": key, "IfMatch": headers.get(_CONDITIONAL, "")}
    return {"Bucket": bucket, **{name: value for name, value in optional.items() if value}}


def _zone(path: str) -> str:
    words = path.split("/")
    return words[words.index("hostedzone") + 1] if "hostedzone" in words[:-1] else ""


def _changes(body: bytes) -> list[dict[str, str]]:
    """Every change of a batch; Route 53's schema has a namespace, which is the only one."""
    if not body:
        return []
    found = ET.fromstring(body)
    return [
        {
            "Action": each.findtext("{*}Action", ""),
            "Name": each.findtext("{*}ResourceRecordSet/{*}Name", ""),
            "Type": each.findtext("{*}ResourceRecordSet/{*}Type", ""),
        }
        for each in found.iter()
        if each.tag.rpartition("}")[2] == "Change"
    ]
