"""What an instance is told of itself: the instance metadata service, version 2."""

from __future__ import annotations

import urllib.error
from http.client import HTTPException

from etcd_ops.ec2 import bootstrap
from etcd_ops.ec2.aws import AwsUnavailable

_SECONDS = "300"
"""That a token is good for."""


def ask(path: str) -> str:
    """One value; empty where there is none.

    Args:
        path: below `meta-data/`.

    Raises:
        AwsUnavailable: the service does not answer.
    """
    try:
        token = bootstrap.metadata("api/token", "PUT", {"X-aws-ec2-metadata-token-ttl-seconds": _SECONDS})
        return bootstrap.metadata(f"meta-data/{path}", "GET", {"X-aws-ec2-metadata-token": token}).strip()
    except urllib.error.HTTPError as problem:
        if problem.code == 404:
            return ""
        raise AwsUnavailable(f"metadata {path}: {problem}") from problem
    except (OSError, HTTPException) as problem:
        raise AwsUnavailable(f"metadata {path}: {problem}") from problem


def needed(path: str) -> str:
    """One value that every instance has.

    Raises:
        AwsUnavailable: also where there is none.
    """
    if found := ask(path):
        return found
    raise AwsUnavailable(f"metadata {path}: there is none")
