"""The bootstrapper, against a simulator of S3 and a stand-in of the metadata service."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import tarfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.ec2 import bootstrap
from tests.ec2.conftest import REGION, Cloud

KEYS = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=1, max_size=40)
SECRETS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=16, max_size=40)


@given(key=KEYS, secret=SECRETS, token=st.none() | SECRETS, owner=st.sampled_from(["", "123456789012"]))
def test_signs_as_botocore_does(key: str, secret: str, token: str | None, owner: str) -> None:
    url = bootstrap.address({"bucket": "etcd-orders", "region": REGION}, key)
    headers = {"x-amz-content-sha256": bootstrap.EMPTY} | ({"x-amz-expected-bucket-owner": owner} if owner else {})
    keys = {"AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": secret} | ({"Token": token} if token else {})
    found = bootstrap.sign(url, REGION, headers, keys, time.gmtime())
    request = AWSRequest("GET", url, headers=dict(headers))
    signer = S3SigV4Auth(Credentials("AKIDEXAMPLE", secret, token), "s3", REGION)
    with mock.patch("botocore.auth.get_current_datetime", return_value=at(found["x-amz-date"])):
        signer.add_auth(request)
    assert found["authorization"] == request.headers["Authorization"]


def at(stamp: str) -> dt.datetime:
    return dt.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.timezone.utc)


@pytest.mark.parametrize(
    ("channel", "url"),
    [
        ({"region": "eu-central-1", "bucket": "b"}, "https://b.s3.eu-central-1.amazonaws.com/a/k"),
        ({"region": "cn-north-1", "bucket": "b"}, "https://b.s3.cn-north-1.amazonaws.com.cn/a/k"),
        ({"region": "x", "bucket": "b", "endpointUrl": "http://127.0.0.1:1/"}, "http://127.0.0.1:1/b/a/k"),
    ],
)
def test_addresses(channel: dict[str, str], url: str) -> None:
    assert bootstrap.address(channel, "a/k") == url


def archive(*entries: tuple[str, bytes | str | None], kind: bytes | None = None) -> bytes:
    """Files by bytes, links by text, folders by None."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w:gz") as tar:
        for name, content in entries:
            entry = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                entry.size, entry.mode = len(content), 0o4755
                tar.addfile(entry, io.BytesIO(content))
                continue
            entry.type = kind or (tarfile.DIRTYPE if content is None else tarfile.SYMTYPE)
            entry.linkname = content or ""
            tar.addfile(entry)
    return output.getvalue()


RELEASE = archive(("bin", None), ("bin/etcd-ops", b"#!/bin/sh\n"), ("bin/python3", "etcd-ops"), ("lib/x.py", b"1\n"))


@pytest.fixture
def bucket(cloud: Cloud) -> Callable[[str, bytes], None]:
    client, name = cloud.client("s3"), cloud.machine.channel.bucket
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return lambda key, body: client.put_object(Bucket=name, Key=key, Body=body)


def desired(digest: str) -> bytes:
    return json.dumps({"body": {"agent": {"version": "1", "command": ["x"], "archive": digest}}}).encode()


def test_the_declared_release_is_fetched_once(
    cloud: Cloud, bucket: Callable[[str, bytes], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = hashlib.sha256(RELEASE).hexdigest()
    bucket("channel/desired.json", desired(digest))
    bucket(f"artifacts/{digest}", RELEASE)
    monkeypatch.setattr(bootstrap.fetch, "__defaults__", (tmp_path,))
    program = bootstrap.release(cloud.machine.to_wire())
    assert program == tmp_path / digest / "bin/etcd-ops"
    assert program.stat().st_mode & 0o7777 == 0o755
    assert (tmp_path / digest / "bin/python3").resolve() == program
    assert [path.name for path in tmp_path.iterdir()] == [digest]
    bucket(f"artifacts/{digest}", b"gone")
    assert bootstrap.release(cloud.machine.to_wire()) == program


def test_waits_for_a_document_that_comes_later(cloud: Cloud, bucket: Callable[[str, bytes], None]) -> None:
    pauses: list[float] = []
    digest = "0" * 64

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 9:
            bucket("channel/desired.json", desired(digest))

    def attempt() -> Any:
        with bootstrap.get(cloud.machine.to_wire(), "channel/desired.json") as answer:
            return json.load(answer)["body"]["agent"]["archive"]

    assert bootstrap.patiently(attempt, sleep) == digest
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_another_content_than_was_asked_for_is_not_unpacked(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not " + "1" * 64):
        bootstrap.fetch("1" * 64, lambda: io.BytesIO(RELEASE), tmp_path)
    assert not (tmp_path / ("1" * 64)).exists()


def test_what_was_left_by_a_crash_is_begun_anew(tmp_path: Path) -> None:
    digest = hashlib.sha256(RELEASE).hexdigest()
    (tmp_path / f"{digest}.partial/root/bin").mkdir(parents=True)
    (tmp_path / f"{digest}.partial/root/bin/etcd-ops").write_text("half")
    program = bootstrap.fetch(digest, lambda: io.BytesIO(RELEASE), tmp_path)
    assert program.read_bytes() == b"#!/bin/sh\n"


def test_an_archive_without_the_program_is_refused(tmp_path: Path) -> None:
    empty = archive(("bin/other", b"x"))
    with pytest.raises(ValueError, match="holds no program"):
        bootstrap.fetch(hashlib.sha256(empty).hexdigest(), lambda: io.BytesIO(empty), tmp_path)


@pytest.mark.parametrize(
    "entries",
    [
        [("../escaped", b"x")],
        [("/tmp/escaped", b"x")],
        [("a/../../escaped", b"x")],
        [("link", "/tmp")],
        [("link", "../..")],
        [("a", "."), ("a/link", "../escaped")],
        [("a/b", ".."), ("a/b/link", "../x")],
    ],
)
def test_nothing_leads_out_of_the_folder(entries: list[tuple[str, bytes | str]], tmp_path: Path) -> None:
    (tmp_path / "archive").write_bytes(archive(*entries))
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(ValueError, match="leads out of it"):
        bootstrap.unpack(tmp_path / "archive", folder)
    assert {path.name for path in tmp_path.iterdir()} == {"archive", "folder"}


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.LNKTYPE])
def test_devices_and_hard_links_are_refused(kind: bytes, tmp_path: Path) -> None:
    (tmp_path / "archive").write_bytes(archive(("thing", "x"), kind=kind))
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises((ValueError, KeyError)):
        bootstrap.unpack(tmp_path / "archive", folder)
    assert list(folder.iterdir()) == []


def test_the_metadata_service_that_is_away_is_waited_for(monkeypatch: pytest.MonkeyPatch, metadata: Any) -> None:
    keys: dict[str, str] = {}
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.47.0.9:1")
    paused = threading.Event()

    def sleep(seconds: float) -> None:
        paused.set()
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.endpoint)

    keys = bootstrap.patiently(bootstrap.credentials, sleep)
    assert paused.is_set()
    assert keys["AccessKeyId"] == "AKIDEXAMPLE"


@pytest.mark.parametrize(
    ("mounted", "enabled", "prepared"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_a_machine_is_prepared_once_its_volume_is_mounted_and_its_agent_enabled(
    mounted: bool, enabled: bool, prepared: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal leaves units behind, and perhaps a mount: the next attempt must not take that for success."""
    monkeypatch.setattr(bootstrap, "VOLUME", Path("/") if mounted else tmp_path)
    monkeypatch.setattr(bootstrap, "ENABLED", tmp_path if enabled else tmp_path / "none")
    monkeypatch.setattr(bootstrap, "CONFIG", tmp_path / "machine.json")
    if prepared:
        return bootstrap.main()
    with pytest.raises(FileNotFoundError, match=r"machine\.json"):
        bootstrap.main()
    return None
