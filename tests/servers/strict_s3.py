"""An emulated S3 as strict as that of AWS: it refuses whoever takes a bucket for another account's or region's."""

from __future__ import annotations

import re
from enum import Enum

from tests.servers.faulty_proxy import FaultyProxy, Request

Answer = tuple[int, list[tuple[str, str]], bytes]


class Elsewhere(Enum):
    """What AWS answers to a request that was signed for another region than the bucket's."""

    REDIRECT = (301, "PermanentRedirect", "must be addressed using the specified endpoint")
    """As an endpoint of another region does."""
    MALFORMED = (400, "AuthorizationHeaderMalformed", "the region is wrong")
    """As the bucket's own endpoint does."""


class StrictS3(FaultyProxy):
    """A proxy of an emulated S3, all of whose buckets are in one region of one account."""

    def __init__(self, host: str, port: int, *, account: str, region: str) -> None:
        """Choose the server behind it.

        Args:
            host: its address, and this one's.
            port: its port.
            account: that owns every bucket.
            region: that every bucket is in.
        """
        super().__init__(host, port)
        self.elsewhere = Elsewhere.REDIRECT
        self.passed: list[Request] = []
        """Those that the server behind it got to see."""
        self._account, self._region = account, region

    def forward(self, request: Request, body: bytes) -> Answer:
        """Answer as AWS does, or send a request to the server behind."""
        if request.headers.get("x-amz-expected-bucket-owner", self._account) != self._account:
            return self._refusal(403, "AccessDenied", "Access Denied")
        if _signed_for(request) != self._region:
            return self._refusal(*self.elsewhere.value)
        self.passed.append(request)
        return super().forward(request, body)

    def _refusal(self, status: int, code: str, message: str) -> Answer:
        region = "" if code == "AccessDenied" else f"<Region>{self._region}</Region>"
        content = f"<Error><Code>{code}</Code><Message>{message}</Message>{region}</Error>".encode()
        return status, [("Content-Type", "application/xml"), ("x-amz-bucket-region", self._region)], content


def _signed_for(request: Request) -> str:
    found = re.search(r"Credential=[^/]+/\d+/([^/]+)/s3/", request.headers.get("authorization", ""))
    return found[1] if found else ""
