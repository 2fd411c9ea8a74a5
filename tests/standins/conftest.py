"""An emulated AWS for the stand-in of its plugin."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.aws import AwsServer, aws_server
from tests.standins.aws_session import Session


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsServer]:
    with aws_server(tmp_path_factory.mktemp("aws"), "127.43.0.5") as server:
        yield server


@pytest.fixture(scope="module")
def session(aws: AwsServer) -> Session:
    return Session(aws.endpoint)
