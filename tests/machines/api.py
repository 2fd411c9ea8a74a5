"""The emulated AWS as tests speak to it."""

from __future__ import annotations

import json
import urllib.request
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config

from tests.machines.cloud.apis import CONTROL
from tests.machines.cloud.calls import Call
from tests.machines.cloud.settings import REGION
from tests.machines.network import APIS, APIS_PORT

ENDPOINT = f"http://{APIS}:{APIS_PORT}"
_PATIENCE = 60.0
"""Seconds for one answer: the emulation is one process, and machines and nodes leave it little."""


class Aws:
    """Clients of the services, as an administrator."""

    def __init__(self) -> None:
        self._session = boto3.session.Session("admin", "admin", region_name=REGION)

    def client(self, service: str) -> Any:
        """One service's, which no proxy is asked for."""
        config = Config(proxies={}, retries={"total_max_attempts": 5}, connect_timeout=5, read_timeout=30)
        return self._session.client(service, endpoint_url=ENDPOINT, config=config)  # type: ignore[call-overload]

    @cached_property
    def ec2(self) -> Any:
        """EC2."""
        return self.client("ec2")

    @cached_property
    def autoscaling(self) -> Any:
        """Auto Scaling."""
        return self.client("autoscaling")

    @cached_property
    def s3(self) -> Any:
        """S3."""
        return self.client("s3")

    @cached_property
    def secrets(self) -> Any:
        """Secrets Manager."""
        return self.client("secretsmanager")

    @cached_property
    def route53(self) -> Any:
        """Route 53."""
        return self.client("route53")

    @cached_property
    def iam(self) -> Any:
        """IAM."""
        return self.client("iam")

    def change(self, **settings: Any) -> None:
        """Change settings of the emulation (`tests.machines.cloud.settings`)."""
        self._control("PUT", "settings", json.dumps(settings).encode())

    def calls(self) -> list[Call]:
        """Every call so far, whoever made it."""
        return [Call.read(each) for each in json.loads(self._control("GET", "calls"))]

    def answers(self) -> bool:
        """Whether it is there."""
        try:
            self._control("GET", "calls")
        except OSError:
            return False
        return True

    def _control(self, method: str, what: str, body: bytes | None = None) -> bytes:
        request = urllib.request.Request(f"{ENDPOINT}{CONTROL}/{what}", data=body, method=method)
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(request, timeout=_PATIENCE) as answer:
            found: bytes = answer.read()
        return found
