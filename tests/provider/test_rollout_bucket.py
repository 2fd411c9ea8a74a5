"""Rollout with a bucket that is not where, or not whose, it is declared to be: refused, and nothing is written."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from etcd_ops.channel.port import DESIRED
from pulumi_etcd.provider.rollout_inputs import identity
from pulumi_etcd.provider.rollouts import Rollouts
from tests.provider.harness import Client, InitFailed, Refusal
from tests.provider.local import with_client
from tests.provider.rollouts import TOKEN, inputs
from tests.servers.aws import ACCOUNT, ENVIRONMENT
from tests.servers.s3 import client
from tests.servers.simulator import simulated_aws
from tests.servers.strict_s3 import Elsewhere, StrictS3

ADDRESS, BUCKET, REGION = "127.43.0.7", "etcd-demo", "eu-central-1"
SAID = {"generation": 1, "digest": "0" * 64, "formationToken": "t", "formed": True, "running": {}}
"""What a stack remembers of a cluster that is up."""
OTHERS: dict[str, tuple[dict[str, str], Elsewhere, str]] = {
    "account": (
        {"expectedAccount": "111122223333"},
        Elsewhere.REDIRECT,
        r"AccessDenied.*have channel\.expectedAccount be the account that owns the bucket",
    ),
    "region": (
        {"region": "eu-west-1"},
        Elsewhere.REDIRECT,
        r"PermanentRedirect.*have channel\.region be the bucket's own",
    ),
    "region of the signature": (
        {"region": "eu-west-1"},
        Elsewhere.MALFORMED,
        r"AuthorizationHeaderMalformed.*have channel\.region be the bucket's own",
    ),
}
"""What is declared wrong, how AWS answers, and what is told."""


@pytest.fixture(scope="module")
def running() -> Iterator[StrictS3]:
    with simulated_aws(ADDRESS) as endpoint, pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        client(endpoint).create_bucket(Bucket=BUCKET)
        url = urlsplit(endpoint)
        with StrictS3(str(url.hostname), url.port or 0, account=ACCOUNT, region=REGION) as server:
            yield server


@pytest.fixture
def s3(running: StrictS3) -> StrictS3:
    running.reset()
    running.passed.clear()
    return running


def declared(s3: StrictS3, **channel: str) -> dict[str, Any]:
    place = {
        "kind": "s3", "bucket": BUCKET, "region": REGION, "endpointUrl": s3.endpoint, "expectedAccount": ACCOUNT,
    }  # fmt: skip
    return inputs(Path("/")) | {"channel": place | channel}


def run(body: Callable[[Client], Awaitable[None]]) -> None:
    with_client(Rollouts(), TOKEN, body)


@pytest.mark.parametrize(("wrong", "elsewhere", "told"), OTHERS.values(), ids=OTHERS)
def test_another_place_is_refused_and_nothing_is_written(
    s3: StrictS3, wrong: dict[str, str], elsewhere: Elsewhere, told: str
) -> None:
    s3.elsewhere = elsewhere

    async def body(client: Client) -> None:
        checked, failures = await client.check(declared(s3, **wrong))
        assert failures == []
        id_ = identity(checked["channel"])
        with pytest.raises(Refusal, match=f"nothing was written.*{told}"):
            await client.create(checked)
        with pytest.raises(Refusal, match=f"nothing was written.*{told}"):
            await client.update(id_, checked | SAID, checked | {"mode": "paused"})
        with pytest.raises(Refusal, match=f"the channel cannot be written.*{told}"):
            await client.delete(id_, checked | SAID)

    run(body)
    assert s3.passed == []


@pytest.mark.parametrize(("wrong", "elsewhere", "told"), OTHERS.values(), ids=OTHERS)
def test_a_preview_of_what_is_up_tells_it(s3: StrictS3, wrong: dict[str, str], elsewhere: Elsewhere, told: str) -> None:
    s3.elsewhere = elsewhere

    async def body(client: Client) -> None:
        checked, _ = await client.check(declared(s3, **wrong))
        await client.check(checked, checked)
        (warning,) = client.lines
        assert warning.startswith("judged without the channel, which cannot be read: ")
        assert re.search(told, warning)

    run(body)
    assert s3.passed == []


def test_the_bucket_in_its_region_of_its_account_is_written(s3: StrictS3) -> None:
    async def body(client: Client) -> None:
        checked, failures = await client.check(declared(s3))
        assert failures == []
        creating = asyncio.ensure_future(client.create(checked))
        while not any(each.method == "PUT" and each.path.endswith(DESIRED) for each in s3.passed):
            assert not creating.done(), creating
            await asyncio.sleep(0.05)
        await client.cancel()
        with pytest.raises(InitFailed, match="cancelled"):
            await creating

    run(body)
