from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.s3 import ENVIRONMENT
from tests.servers.simulator import simulated_aws


@pytest.fixture(scope="session", autouse=True)
def credentials() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AWS_PROFILE", raising=False)
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def aws() -> Iterator[str]:
    """URL of a simulator of AWS on the loopback address."""
    with simulated_aws("127.43.0.2") as endpoint:
        yield endpoint
