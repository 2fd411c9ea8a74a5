"""A channel in an S3 bucket, for members on machines of their own."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    HttpUrl,
    SerializerFunctionWrapHandler,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_serializer,
)

from etcd_ops.channel.remote import CONNECT_SHARE, READ_SHARE, TIMEOUT, RemoteChannel
from etcd_ops.channel.s3_bucket import Bucket, Place
from etcd_ops.model.document import Strict

_URL = TypeAdapter(HttpUrl)


def _endpoint(url: str) -> str:
    try:
        parsed = _URL.validate_python(url) if url else None
    except ValidationError as problem:
        raise ValueError("give a URL such as https://host:port, or nothing for AWS") from problem
    if parsed is not None and (parsed.query or parsed.fragment or parsed.username):
        raise ValueError("give scheme, host and port only")
    return url


class S3Connection(Strict):
    """Where an S3 channel is. Credentials come from the usual AWS chain, never from here."""

    kind: Literal["s3"] = "s3"
    bucket: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    prefix: Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9][A-Za-z0-9!_.*'()-]*/)*$", max_length=500)] = ""
    """Begins every key: empty, or ends with a slash."""
    region: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$")]
    endpoint_url: Annotated[str, AfterValidator(_endpoint)] = ""
    """Of a server other than AWS."""
    expected_account: Annotated[str, StringConstraints(pattern=r"^([0-9]{12})?$")] = ""
    """The AWS account that must own the bucket; empty where any owner will do."""
    role_arn: Annotated[str, StringConstraints(pattern=r"^(arn:aws[a-z-]*:iam::[0-9]{12}:role/.+)?$")] = ""
    """Of the role that is taken with the credentials of the AWS chain; empty where those will do."""

    @model_serializer(mode="wrap")
    def _without_silent_role(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A connection value is an identity: where no role is taken, it is what it was before there were any."""
        found: dict[str, Any] = serialise(self)
        if not self.role_arn:
            found.pop("roleArn", None)
            found.pop("role_arn", None)
        return found

    @property
    def place(self) -> Place:
        """Which bucket, where, and whose."""
        return Place(self.bucket, self.region, self.endpoint_url, self.expected_account, self.role_arn)

    def connect(self) -> S3Channel:
        """The channel; nothing is called yet."""
        return S3Channel(self.place, prefix=self.prefix)


class S3Channel(RemoteChannel):
    """Objects of one S3 bucket under a prefix, written by conditional puts.

    The server must do conditional puts atomically; not every one does: see the tests of writers that race.
    """

    def __init__(self, place: Place, *, prefix: str = "", timeout: float = TIMEOUT) -> None:
        """Name the bucket.

        Args:
            place: which bucket.
            prefix: begins every key.
            timeout: seconds for one call.
        """
        self._bucket = Bucket(place, connect_timeout=timeout * CONNECT_SHARE, read_timeout=timeout * READ_SHARE)
        super().__init__(self._bucket, prefix=prefix, timeout=timeout)

    def __str__(self) -> str:
        return f"{self._bucket}, prefix {self._prefix or 'none'}"
