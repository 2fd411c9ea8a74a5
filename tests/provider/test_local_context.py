"""The files from which tools on this machine know the cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from etcd_ops.cli.context import find
from pulumi_etcd.provider.local_contexts import LocalContexts
from pulumi_etcd.provider.values import UNKNOWN
from tests.components.recorder import certificate
from tests.provider.harness import Client
from tests.provider.local import leaf, with_client

TOKEN = "etcd:index:LocalContext"
NONE = provider_pb2.DiffResponse.DIFF_NONE


def context(root: Path) -> dict[str, Any]:
    url = "https://127.46.0.1:2379"
    metrics, health = "https://127.46.0.1:2382", "http://127.46.0.1:2381"
    return {
        "directory": str(root),
        "cluster": "demo",
        "channel": {"kind": "directory", "directory": str(root / "channel")},
        "endpoints": [url],
        "members": {"a-1": {"zone": "a", "clientUrl": url, "metricsUrl": metrics, "healthUrl": health}},
        "client": leaf("operator"),
        "metrics": leaf("operator"),
        "clientAuthorities": certificate("client CA"),
        "metricsAuthorities": certificate("metrics CA"),
    }


def test_life_of_a_context(tmp_path: Path) -> None:
    root = tmp_path / "root"

    async def body(client: Client) -> None:
        inputs, failures = await client.check(context(root))
        assert failures == []
        id_, outputs = await client.create(inputs)
        assert outputs["path"] == id_ == str(root / "context.json")
        read = find(root / "context.json", tmp_path)
        assert (read.cluster, read.endpoints, read.members["a-1"].zone) == ("demo", ("https://127.46.0.1:2379",), "a")
        assert read.key.read_text() == inputs["client"]["keyPem"]
        files = [path for path in root.glob("**/*") if path.is_file()]
        assert len(files) == 7
        assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
        assert await client.read(id_, inputs, outputs) == (id_, inputs, outputs)
        assert (await client.diff(id_, outputs, inputs, inputs)).changes == NONE
        await client.delete(id_, outputs)
        assert not root.exists()
        await client.delete(id_, outputs)

    with_client(LocalContexts(), TOKEN, body)


@pytest.mark.parametrize("name", ["context.json", "operator/key.pem"])
def test_what_was_lost_or_changed_is_written_again(tmp_path: Path, name: str) -> None:
    async def body(client: Client) -> None:
        inputs, _ = await client.check(context(tmp_path))
        id_, outputs = await client.create(inputs)
        before = (tmp_path / name).read_text()
        (tmp_path / name).write_text("something else")
        assert list((await client.diff(id_, outputs, inputs, inputs)).detailedDiff) == ["path"]
        await client.update(id_, outputs, inputs)
        assert (tmp_path / name).read_text() == before

    with_client(LocalContexts(), TOKEN, body)


def test_the_order_of_properties_means_nothing(tmp_path: Path) -> None:
    async def body(client: Client) -> None:
        inputs, _ = await client.check(context(tmp_path))
        id_, outputs = await client.create(inputs)
        shuffled = {name: outputs[name] for name in sorted(outputs, reverse=True)}
        assert (await client.diff(id_, shuffled, inputs, inputs)).changes == NONE
        assert "channel" in json.loads((tmp_path / "context.json").read_text())

    with_client(LocalContexts(), TOKEN, body)


def test_a_preview_knows_the_path(tmp_path: Path) -> None:
    async def body(client: Client) -> None:
        later = context(tmp_path)
        later["client"]["certPem"] = later["clientAuthorities"] = UNKNOWN
        inputs, failures = await client.check(later)
        assert failures == []
        _, outputs = await client.create(inputs, preview=True)
        assert outputs["path"] == str(tmp_path / "context.json")

    with_client(LocalContexts(), TOKEN, body)
    assert list(tmp_path.iterdir()) == []
