"""Clients of AWS's services, and what can come of a call other than its result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

T = TypeVar("T")
_CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3})
"""Seconds; a person waits."""


class Unanswered(Exception):
    """A call was refused, or nobody answered; the message says why."""

    def __init__(self, error: Exception) -> None:
        self.code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
        super().__init__(str(error))


@dataclass(frozen=True, slots=True)
class Connection:
    """How AWS is reached."""

    region: str
    endpoint_url: str = ""
    """Of an AWS other than AWS; empty for AWS."""

    def client(self, service: str, region: str = "") -> Any:
        """A client of a service.

        Args:
            service: as boto3 calls it.
            region: where another one than the connection's is asked.
        """
        endpoint = {"endpoint_url": self.endpoint_url} if self.endpoint_url else {}
        return boto3.client(service, region_name=region or self.region, config=_CONFIG, **endpoint)  # type: ignore[call-overload]


def asked(call: Callable[[], T]) -> T:
    """The result of a call.

    Raises:
        Unanswered
    """
    try:
        return call()
    except (ClientError, BotoCoreError) as error:
        raise Unanswered(error) from error


def pages(client: Any, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
    """The entries of all pages of an answer."""
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page[key]
