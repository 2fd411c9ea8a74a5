"""A bucket for the channel of agents that need no API server; its server outlives every node."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.nodes.cluster import DIRECTORY
from tests.nodes.namespaces import HUB, PREFIX, inside
from tests.servers import s3

CREDENTIALS = DIRECTORY / "aws-credentials"
"""On every node: what agents speak to it with."""
BUCKET = "channel"
_PORT = 8333


@contextmanager
def channel() -> Iterator[dict[str, Any]]:
    """The channel's connection, as programs write it."""
    server = s3.S3Server(DIRECTORY / "s3", address=HUB, port=_PORT, inside=inside(f"{PREFIX}-hub"))
    keys = {"aws_access_key_id": s3.ACCESS_KEY, "aws_secret_access_key": s3.SECRET_KEY}
    CREDENTIALS.write_text("[default]\n" + "".join(f"{name} = {value}\n" for name, value in keys.items()))
    CREDENTIALS.chmod(0o600)
    with pytest.MonkeyPatch.context() as environment:
        for name, value in s3.ENVIRONMENT.items():
            environment.setenv(name, value)
        server.start()
        try:
            server.make_bucket(BUCKET)
            wire = server.connection(BUCKET)
            yield {"endpoint_url" if name == "endpointUrl" else name: value for name, value in wire.items()}
        finally:
            server.kill()
