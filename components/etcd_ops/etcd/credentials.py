"""What a client proves itself with, and whom it trusts."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """PEM texts: the CA bundle that members are checked against, the client's certificate and its key."""

    ca_pem: bytes
    certificate_pem: bytes
    key_pem: bytes = field(repr=False)
