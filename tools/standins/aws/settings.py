"""The provider's own configuration, and the clients that it leads to."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

IGNORED = {"maxRetries", "retryMode", "skipMetadataApiCheck", "skipRegionValidation", "version"}
"""Settings that do not change what comes of the resources that the stand-in supports."""

SUPPORTED = {
    "accessKey", "allowedAccountIds", "assumeRoles", "defaultTags", "endpoints", "profile", "region",
    "s3UsePathStyle", "secretKey", "skipCredentialsValidation", "token",
}  # fmt: skip

STRUCTURED = {"allowedAccountIds", "assumeRoles", "defaultTags", "endpoints"}
"""Those that arrive as JSON."""

ALIASES = {"elb": "elbv2", "elasticloadbalancingv2": "elbv2"}
"""Services that have other names among the endpoints than boto3 gives them."""

CALLS = Config(connect_timeout=5, read_timeout=60, retries={"total_max_attempts": 2}, s3={"addressing_style": "path"})


class Unusable(Exception):
    """The settings lead to no emulated AWS, or to another account than they name."""


@dataclass
class Settings:
    """What the provider is told."""

    values: Mapping[str, Any] = field(default_factory=dict)
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)
    _making: threading.RLock = field(default_factory=threading.RLock)

    @property
    def region(self) -> str:
        """The region of resources that name none.

        Raises:
            Unusable: there is none.
        """
        found = self.values.get("region") or boto3.Session(profile_name=self._profile).region_name
        if not found:
            raise Unusable("the provider has no region: name it in the provider's `region`, or in AWS_REGION")
        return str(found)

    @property
    def default_tags(self) -> dict[str, str]:
        """Tags that every resource gets."""
        return dict((self.values.get("defaultTags") or {}).get("tags") or {})

    @cached_property
    def account(self) -> str:
        """The account in which calls are made."""
        with self._making:
            return str(self.client("sts", self.region).get_caller_identity()["Account"])

    def client(self, service: str, region: str) -> Any:
        """A client of a service.

        Raises:
            Unusable: it would not be a client of an emulated AWS.
        """
        # A session must not be used by several threads at once; its clients may.
        with self._making:
            if (service, region) not in self._clients:
                self._clients[service, region] = self._client(self._session, service, region)
            return self._clients[service, region]

    def check(self) -> None:
        """That calls reach the account they are meant for.

        Raises:
            Unusable: they do not.
        """
        allowed = self.values.get("allowedAccountIds") or []
        if self.values.get("skipCredentialsValidation") and not allowed:
            return
        try:
            account = self.account
        except (BotoCoreError, ClientError) as error:
            raise Unusable(f"the provider's credentials cannot be used: {error}") from error
        if allowed and account not in allowed:
            raise Unusable(f"the credentials are of account {account}, which is none of {', '.join(allowed)}")

    @cached_property
    def _session(self) -> boto3.Session:
        session = boto3.Session(
            aws_access_key_id=self.values.get("accessKey"),
            aws_secret_access_key=self.values.get("secretKey"),
            aws_session_token=self.values.get("token"),
            profile_name=self._profile,
        )
        for role in self.values.get("assumeRoles") or []:
            session = self._assumed(session, role)
        return session

    @property
    def _profile(self) -> str | None:
        return self.values.get("profile") or None

    def _assumed(self, session: boto3.Session, role: Mapping[str, Any]) -> boto3.Session:
        service = self._client(session, "sts", self.region)
        found = service.assume_role(RoleArn=role["roleArn"], RoleSessionName=role.get("sessionName") or "pulumi")
        credentials = found["Credentials"]
        return boto3.Session(
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )

    def _client(self, session: boto3.Session, service: str, region: str) -> Any:
        given = {
            ALIASES.get(name, name): url for each in self.values.get("endpoints") or [] for name, url in each.items()
        }
        make: Any = session.client
        client = make(service, region_name=region, endpoint_url=given.get(service) or None, config=CALLS)
        host = urlsplit(client.meta.endpoint_url).hostname or ""
        if host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws")):
            raise Unusable(
                f"this stand-in would reach AWS itself, for {service}: install the official plugin, or name the "
                "endpoint of an emulated AWS in the provider's `endpoints`"
            )
        return client


@dataclass(frozen=True)
class Place:
    """Where a resource is: an account, and a region in it."""

    settings: Settings
    region: str

    @property
    def account(self) -> str:
        """Its number."""
        return self.settings.account

    def client(self, service: str) -> Any:
        """A client of a service there."""
        return self.settings.client(service, self.region)

    def arn(self, service: str, resource: str) -> str:
        """Of a resource there."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


def read(values: Mapping[str, Any]) -> Settings:
    """The settings from the provider's plain inputs, whose structures arrive as JSON."""
    return Settings({name: _decoded(name, value) for name, value in values.items()})


def problems(values: Mapping[str, Any]) -> dict[str, str]:
    """Settings that the stand-in refuses, by name."""
    given = {name for name, value in values.items() if value not in (None, "", "false", False)}
    return dict.fromkeys(sorted(given - IGNORED - SUPPORTED), "is not supported by this stand-in: leave it out")


def _decoded(name: str, value: Any) -> Any:
    encoded = name in STRUCTURED or value in ("true", "false")
    return json.loads(value) if encoded and isinstance(value, str) and value else value
