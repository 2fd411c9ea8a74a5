"""Certificates and keys from AWS Secrets Manager to the member's volume, where they stay."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from etcd_ops.ec2.aws import Aws
from etcd_ops.volume.credentials import delivered, take_in
from etcd_ops.volume.errors import VolumeError


class Delivery(NamedTuple):
    """What one secret holds."""

    authorities: tuple[str, ...]
    """Certificates, PEM."""
    issued: dict[str, tuple[str, str]]
    """By use: certificate and key, PEM."""


def parse(text: str) -> Delivery:
    """Read a secret's value; nothing of it is repeated in what is raised.

    Raises:
        VolumeError: it is not what the stack writes.
    """
    try:
        document = json.loads(text)
        authorities = tuple(str(each) for each in document["authorities"])
        issued = {str(use): _leaf(leaf) for use, leaf in document["credentials"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise VolumeError("the secret is not JSON with `authorities` and `credentials`: run `pulumi up`") from None
    return Delivery(authorities, issued)


def _leaf(leaf: Mapping[str, Any]) -> tuple[str, str]:
    return str(leaf["certificate"]), str(leaf["key"])


class SecretMailbox:
    """Delivers what a secret holds to a volume."""

    def __init__(self, aws: Aws, secret: str, volume: Path) -> None:
        """Name the secret.

        Args:
            aws: where it is.
            secret: its name.
            volume: the member's.
        """
        self._aws, self._secret, self._volume = aws, secret, volume

    def missing(self, wanted: frozenset[str]) -> frozenset[str]:
        """Fingerprints among `wanted` that are not on the volume.

        Raises:
            OSError
        """
        return wanted - delivered(self._volume)

    def empty(self) -> None:
        """Take everything in.

        Raises:
            AwsUnavailable, VolumeError, OSError
        """
        value = self._aws.call("secretsmanager", "get_secret_value", SecretId=self._secret)
        found = parse(value.get("SecretString", ""))
        take_in(self._volume, found.authorities, found.issued)
