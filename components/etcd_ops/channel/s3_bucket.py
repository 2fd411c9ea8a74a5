"""Four calls of an S3 bucket, and what can come of each other than its result. Synchronous."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from etcd_ops.channel.remote import Failed, Refused, Stored, Unanswered, Unmodified

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class Place:
    """Which bucket, where, and whose."""

    bucket: str
    region: str
    endpoint_url: str = ""
    """Empty for AWS."""
    expected_account: str = ""
    """Empty where any owner will do."""
    role_arn: str = ""
    """Empty where the credentials of the AWS chain will do."""

    def __str__(self) -> str:
        where = self.endpoint_url or f"AWS {self.region}"
        return f"bucket {self.bucket} at {where}"


class Bucket:
    """An S3 bucket. Each call is sent once: what a repeated write means is not left to the client library."""

    def __init__(self, place: Place, *, connect_timeout: float, read_timeout: float) -> None:
        """Name the bucket; the client is made by the first call, because that takes 25 MB and 0.4 s.

        Args:
            place: which bucket.
            connect_timeout: seconds to wait for a connection.
            read_timeout: seconds to wait for each part of an answer.
        """
        self._place = place
        self._timeouts = {"connect_timeout": connect_timeout, "read_timeout": read_timeout}
        self._making = threading.Lock()
        self._client: S3Client | None = None
        self._target: dict[str, Any] = {"Bucket": place.bucket}
        if place.expected_account:
            self._target["ExpectedBucketOwner"] = place.expected_account

    def __str__(self) -> str:
        return str(self._place)

    def get(self, key: str, unless_tag: str = "") -> Stored | None:
        """An object, or None where it certainly does not exist.

        Raises:
            Unmodified: it still has `unless_tag`.
            Failed
        """
        condition: dict[str, Any] = {"IfNoneMatch": unless_tag} if unless_tag else {}
        client = self._s3()
        with _answers(self._place, reading=True):
            try:
                answer = client.get_object(Key=key, **self._target, **condition)
                return Stored(answer["Body"].read(), _etag(answer))
            except client.exceptions.NoSuchKey:
                return None

    def put(self, key: str, body: bytes, *, absent: bool = False, tag: str = "") -> str:
        """Write an object, if it is `absent` or still has `tag`, where one is given; returns its ETag.

        Raises:
            Refused, Unanswered, Failed
        """
        condition: dict[str, Any] = {"IfNoneMatch": "*"} if absent else {"IfMatch": tag} if tag else {}
        client = self._s3()
        with _answers(self._place):
            return _etag(client.put_object(Key=key, Body=body, **self._target, **condition))

    def delete(self, key: str) -> None:
        """Delete an object, if it is there.

        Raises:
            Refused, Unanswered, Failed
        """
        client = self._s3()
        with _answers(self._place):
            client.delete_object(Key=key, **self._target)

    def keys(self, prefix: str) -> list[str]:
        """All keys that begin with `prefix`.

        Raises:
            Failed
        """
        pages = self._s3().get_paginator("list_objects_v2").paginate(Prefix=prefix, **self._target)
        with _answers(self._place, reading=True):
            return [found["Key"] for page in pages for found in page.get("Contents", ())]

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()

    def _s3(self) -> S3Client:
        with self._making:
            if self._client is None:
                self._client = _client(self._place, self._timeouts)
            return self._client


def _client(place: Place, timeouts: dict[str, float]) -> S3Client:
    # botocore alone: boto3's resource layer would only add to an agent's memory.
    try:
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        from etcd_ops.channel.s3_session import credentials, session
    except ModuleNotFoundError as error:
        raise Failed(f"{place}: {error}; install etcd-ops[s3]") from error

    options: dict[str, Any] = {
        **timeouts,
        "retries": {"total_max_attempts": 1, "mode": "standard"},
        # The connection value alone says where the channel is, never the environment.
        "ignore_configured_endpoint_urls": True,
        "s3": {"addressing_style": "path" if place.endpoint_url else "auto"},
    }
    try:
        config = Config(**options)
        own = session(place.region, place.endpoint_url, place.role_arn, config)
        credentials(own)
        client = own.create_client(
            "s3", region_name=place.region, endpoint_url=place.endpoint_url or None, config=config
        )
    except (BotoCoreError, ValueError) as error:
        raise Failed(f"{place}: {error}") from error
    client.meta.events.register_last("before-parameter-build.s3", _unfollowed)
    return cast("S3Client", client)


def _unfollowed(context: dict[str, Any], **_: Any) -> None:
    """Have botocore believe that it followed the bucket to its region already: each call is sent once, where told."""
    context.setdefault("s3_redirect", {})["redirected"] = True


def _etag(answer: Any) -> str:
    etag = answer.get("ETag")
    if not etag:
        raise _Nonsense("the answer has no ETag: is this an S3 server?")
    return str(etag)


class _Nonsense(Exception):
    """An answer that no S3 server gives."""


@contextmanager
def _answers(place: Place, *, reading: bool = False) -> Iterator[None]:
    """Turn everything that a call can raise into this module's exceptions, with cause and remedy."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError
    from urllib3.exceptions import HTTPError

    try:
        yield
    except ClientError as error:
        raise _from_answer(place, error.response, reading=reading) from error
    except (BotoCoreError, HTTPError, OSError, ResponseParserError, _Nonsense) as error:
        kind = Failed if reading or _never_sent(error) else Unanswered
        raise kind(f"{place}: {error}") from error


def _from_answer(place: Place, response: Any, *, reading: bool) -> Exception:
    code = str(response.get("Error", {}).get("Code", ""))
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))
    message = f"{place}: {code}: {response.get('Error', {}).get('Message', '')}{_REMEDIES.get(code, '')}"
    if status == 304:
        return Unmodified(message)
    if not reading and (status in {409, 412} or code == "NoSuchKey"):
        return Refused(message)
    if not reading and status >= 500:
        return Unanswered(message)
    return Failed(message)


def _never_sent(error: Exception) -> bool:
    from botocore import exceptions

    return isinstance(
        error,
        (
            exceptions.ConnectTimeoutError,
            exceptions.CredentialRetrievalError,
            exceptions.EndpointConnectionError,
            exceptions.NoCredentialsError,
            exceptions.ParamValidationError,
            exceptions.PartialCredentialsError,
            exceptions.ProxyConnectionError,
            exceptions.TokenRetrievalError,
            exceptions.UnauthorizedSSOTokenError,
        ),
    )


_OTHER_REGION = " (have channel.region be the bucket's own)"
_REMEDIES = {
    "AccessDenied": (
        " (allow s3:GetObject, PutObject, DeleteObject, and ListBucket, without which nobody can tell a missing "
        "object from a forbidden one; and have channel.expectedAccount be the account that owns the bucket)"
    ),
    "AuthorizationHeaderMalformed": _OTHER_REGION,
    "NoSuchBucket": " (deploy the cluster's store, or name the right bucket)",
    "PermanentRedirect": _OTHER_REGION,
    "RequestTimeTooSkewed": " (set this machine's clock)",
}
