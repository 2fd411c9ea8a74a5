"""A channel that is reached in a role: it is taken with the credentials of the AWS chain, once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import pytest

from etcd_ops.channel.connect import InvalidConnection, connect, parse
from etcd_ops.channel.port import ChannelUnavailable, Entry
from etcd_ops.channel.s3 import S3Channel, S3Connection
from tests.channel.stores import run
from tests.servers.s3 import ACCESS_KEY, ENVIRONMENT

ROLE = "arn:aws:iam::123456789012:role/deployer"
PATIENT = 60.0
"""Seconds: making two clients takes a second of a processor that others want, too."""
CONNECTION = {"kind": "s3", "bucket": "orders", "region": "eu-central-1"}
TAKEN = "ASIAROLE00000000"
ANSWER = f"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>{TAKEN}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""


class _Handler(BaseHTTPRequestHandler):
    """Gives a role to whoever asks with the chain's key, and an object to whoever has the role's."""

    asked: list[dict[str, list[str]]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.asked.append(parse_qs(body))
        self._answer(200 if ACCESS_KEY in self.headers["Authorization"] else 403, ANSWER)

    def do_GET(self) -> None:
        with_role = TAKEN in self.headers["Authorization"] and self.headers["X-Amz-Security-Token"] == "token"
        self._answer(200 if with_role else 403, "{}" if with_role else "<Error><Code>AccessDenied</Code></Error>")

    def _answer(self, status: int, body: str) -> None:
        self.send_response(status)
        self.send_header("ETag", '"tag"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *values: object) -> None:
        """Silent."""


@contextmanager
def aws() -> Iterator[tuple[str, list[dict[str, list[str]]]]]:
    """Stands in for AWS: its URL, and what was asked of STS."""
    asked: list[dict[str, list[str]]] = []
    server = HTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"asked": asked}))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def chain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def test_the_role_is_taken_once_and_then_used() -> None:
    with aws() as (url, asked):

        async def body() -> None:
            place = S3Connection.model_validate({**CONNECTION, "endpointUrl": url, "roleArn": ROLE}).place
            channel = S3Channel(place, timeout=PATIENT)
            for _ in range(3):
                assert await channel.read("desired.json") == Entry(b"{}", '"tag"')
            await channel.close()

        run(body())
    assert [each["RoleArn"] for each in asked] == [[ROLE]]
    assert asked[0]["RoleSessionName"] == ["etcd-ops"]


def test_without_a_role_none_is_taken() -> None:
    with aws() as (url, asked):

        async def body() -> None:
            channel = connect({**CONNECTION, "endpointUrl": url})
            with pytest.raises(ChannelUnavailable, match="AccessDenied"):
                await channel.read("desired.json")
            await channel.close()

        run(body())
    assert asked == []


def test_without_credentials_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)

    async def body() -> None:
        channel = connect({**CONNECTION, "endpointUrl": "http://127.0.0.1:1", "roleArn": ROLE})
        with pytest.raises(ChannelUnavailable, match="Unable to locate credentials"):
            await channel.read("desired.json")
        await channel.close()

    run(body())


def test_a_connection_without_a_role_is_written_as_it_always_was() -> None:
    """It is an identity: one more key would be another channel."""
    assert "roleArn" not in parse(CONNECTION).to_wire()
    assert parse({**CONNECTION, "roleArn": ROLE}).to_wire()["roleArn"] == ROLE


@pytest.mark.parametrize("role", ["deployer", "arn:aws:iam::123:role/deployer", "arn:aws:s3:::bucket"])
def test_what_is_no_role(role: str) -> None:
    wrong: dict[str, Any] = {**CONNECTION, "roleArn": role}
    with pytest.raises(InvalidConnection, match="roleArn"):
        parse(wrong)
