"""Clients of AWS for one machine, made when they are first needed, and what may come of a call."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from typing import Any

from etcd_ops.volume.errors import SourceUnavailable

CONNECT_SECONDS, READ_SECONDS = 3.0, 10.0


class AwsUnavailable(SourceUnavailable):
    """A call did not succeed; the message says which and why. Nothing follows from it."""

    @property
    def code(self) -> str:
        """AWS's own word for why, such as NoSuchKey; empty where AWS gave none."""
        from botocore.exceptions import ClientError

        cause = self.__cause__
        return str(cause.response.get("Error", {}).get("Code", "")) if isinstance(cause, ClientError) else ""


class Aws:
    """The services of one region, by the credentials of the usual chain: on an instance, those of its role."""

    def __init__(self, region: str, endpoint_url: str = "") -> None:
        """Name the region; nothing is called.

        Args:
            region: of everything.
            endpoint_url: of a server that stands for AWS; empty for AWS.
        """
        self._region, self._endpoint = region, endpoint_url or None
        self._making = threading.Lock()
        self._session: Any = None
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """The client of a service.

        Raises:
            AwsUnavailable: it cannot be made.
        """
        from botocore.config import Config

        from etcd_ops.channel.s3_session import credentials

        options: dict[str, Any] = {
            "connect_timeout": CONNECT_SECONDS,
            "read_timeout": READ_SECONDS,
            "retries": {"total_max_attempts": 2, "mode": "standard"},
            # The machine's configuration alone says where AWS is, never the environment.
            "ignore_configured_endpoint_urls": True,
        }
        with self._making, answers(service):
            if service not in self._clients:
                credentials(self._made())
                self._clients[service] = self._made().create_client(
                    service, region_name=self._region, endpoint_url=self._endpoint, config=Config(**options)
                )
            return self._clients[service]

    def call(self, service: str, operation: str, **arguments: Any) -> Any:
        """One call.

        Args:
            service: as botocore calls it.
            operation: the client's method.
            arguments: the call's.

        Raises:
            AwsUnavailable
        """
        client = self.client(service)
        with answers(f"{service}.{operation}"):
            return getattr(client, operation)(**arguments)

    def pages(self, service: str, operation: str, part: str, **arguments: Any) -> list[Any]:
        """Everything of one part of a paged answer.

        Raises:
            AwsUnavailable
        """
        paginator = self.client(service).get_paginator(operation)
        with answers(f"{service}.{operation}"):
            return [each for page in paginator.paginate(**arguments) for each in page[part]]

    def _made(self) -> Any:
        from etcd_ops.channel.s3_session import chain

        if self._session is None:
            self._session = chain()
        return self._session


@contextmanager
def answers(what: str) -> Iterator[None]:
    """Turn everything that a call, or reading its answer, can raise into AwsUnavailable."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError
    from urllib3.exceptions import HTTPError

    try:
        yield
    except (BotoCoreError, ClientError, ResponseParserError, HTTPError, HTTPException, OSError) as problem:
        raise AwsUnavailable(f"{what}: {problem}") from problem
