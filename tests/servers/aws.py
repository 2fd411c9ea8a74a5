"""An emulated AWS on this machine: a moto server, whose only account is `ACCOUNT`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import httpx2

from tests.servers.ports import free_block
from tests.servers.processes import Processes

ACCOUNT = "123456789012"  # moto.core.DEFAULT_ACCOUNT_ID
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "tests",
    "AWS_SECRET_ACCESS_KEY": "not-a-secret-at-all",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "NO_PROXY": "*",
}
"""What the usual AWS chain needs to find credentials that the server takes, and nothing else."""


class AwsServer:
    """One moto process. It forgets everything when it ends."""

    def __init__(self, directory: Path, address: str) -> None:
        """Choose where it runs; `start` starts it.

        Args:
            directory: keeps its log.
            address: a loopback address.
        """
        self.address = address
        self.port = free_block(1, address)
        self._processes = Processes(directory)

    @property
    def endpoint(self) -> str:
        """The URL of every service."""
        return f"http://{self.address}:{self.port}"

    def start(self) -> None:
        """Start the process and wait until it answers.

        Raises:
            RuntimeError: it ended, or did not answer in time; with the end of its log.
        """
        command = [sys.executable, "-m", "tests.servers.moto_server", "-H", self.address, "-p", str(self.port)]
        self._processes.start("moto", command, {**os.environ, **ENVIRONMENT})
        self._processes.wait_for("an answer of moto", self._answers)

    def stop(self) -> None:
        """End the process."""
        self._processes.stop_all()

    def reset(self) -> None:
        """Have it be as it was at first."""
        httpx2.post(f"{self.endpoint}/moto-api/reset", trust_env=False).raise_for_status()

    def client(self, service: str, region: str = "eu-central-1") -> Any:
        """A client of a service."""
        return _client(self.endpoint, service, region)

    def _answers(self) -> bool:
        try:
            return httpx2.get(f"{self.endpoint}/moto-api/data.json", trust_env=False).is_success
        except httpx2.TransportError:
            return False


@cache
def _client(endpoint: str, service: str, region: str) -> Any:
    session: Any = boto3.Session(
        aws_access_key_id=ENVIRONMENT["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=ENVIRONMENT["AWS_SECRET_ACCESS_KEY"],
    )
    return session.client(service, region_name=region, endpoint_url=endpoint)


@contextmanager
def aws_server(directory: Path, address: str) -> Iterator[AwsServer]:
    """A server that runs for as long as it is needed."""
    server = AwsServer(directory, address)
    try:
        server.start()
        yield server
    finally:
        server.stop()
