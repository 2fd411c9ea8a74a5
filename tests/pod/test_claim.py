"""Which volume a claim vouches for: the one that is marked with its UID, and no other."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx2
import pytest

from etcd_ops.pod import claim
from etcd_ops.pod.claim import Claim
from etcd_ops.pod.provide import provide
from etcd_ops.volume.layout import VolumeLayout
from etcd_ops.volume.marker import read_marker

POD = {"namespace": "n", "name": "c-a-1-0", "controller": "statefulsets/c-a-1", "claim": "data-c-a-1-0"}
PATH = "/api/v1/namespaces/n/persistentvolumeclaims/data-c-a-1-0"


class Api:
    """Stands in for an API server that has one claim; counts what it is asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: list[httpx2.Response] = []
        self.asked = 0
        monkeypatch.setattr(claim, "api_client", self._client)

    def has(self, uid: str) -> None:
        self.answers.append(httpx2.Response(200, json={"metadata": {"name": "data-c-a-1-0", "uid": uid}}))

    def refuses(self, status: int) -> None:
        self.answers.append(httpx2.Response(status, json={}))

    def _client(self, *_: object) -> httpx2.Client:
        return httpx2.Client(base_url="https://api", transport=httpx2.MockTransport(self._answer))

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        assert (request.method, request.url.path) == ("GET", PATH)
        self.asked += 1
        if not self.answers:
            raise httpx2.ConnectError("nobody listens")
        return self.answers.pop(0)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    return Api(monkeypatch)


def test_it_vouches_for_its_own_volume_alone(api: Api) -> None:
    api.has("u-2")
    found = Claim(POD)
    assert found.vouches_for("u-2")
    assert not found.vouches_for("u-1")
    assert not found.vouches_for("")
    assert api.asked == 1


@pytest.mark.parametrize("status", [None, 403, 404, 500])
def test_what_is_not_known_is_not_vouched_for(api: Api, monkeypatch: pytest.MonkeyPatch, status: int | None) -> None:
    """And is asked for again, though not all the time."""
    if status is not None:
        api.refuses(status)
    found = Claim(POD)
    for _ in range(3):
        assert not found.vouches_for("u-1")
    assert api.asked == 1
    api.has("u-1")
    monkeypatch.setattr(time, "monotonic", lambda: 1e12)
    assert found.vouches_for("u-1")


def config() -> dict[str, Any]:
    delivery = {"authorities": "/nowhere", "credentials": "/nowhere"}
    return {
        "cluster": "c", "slot": "a-1", "zone": "a", "delivery": delivery, "pod": POD,
        "agent": {"version": "0.1.0", "command": ["etcd-ops"]},
    }  # fmt: skip


def volume_id(root: Path) -> str:
    marker = read_marker(VolumeLayout(root).marker)
    assert marker is not None
    return marker.volume_id


def test_an_empty_volume_is_marked_with_its_claims_uid(api: Api, tmp_path: Path) -> None:
    api.has("u-1")
    provide(config(), tmp_path)
    assert volume_id(tmp_path) == "u-1"
    api.has("u-2")
    provide(config(), tmp_path)
    assert volume_id(tmp_path) == "u-1", "a volume keeps the ID that it has"


def test_without_an_answer_it_is_marked_all_the_same(
    api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Then nobody vouches for it, and an operator is asked where it takes the place of another one."""
    provide(config(), tmp_path)
    assert len(volume_id(tmp_path)) == 36
    assert "could not be looked at" in capsys.readouterr().err
    api.has("u-1")
    assert not Claim(POD).vouches_for(volume_id(tmp_path))
