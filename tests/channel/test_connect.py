from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from etcd_ops.channel.connect import InvalidConnection, connect, parse
from etcd_ops.channel.directory import DirectoryChannel, DirectoryConnection
from etcd_ops.channel.s3 import S3Channel, S3Connection

DIRECTORY = {"kind": "directory", "directory": "/abs/channel"}
S3 = {
    "kind": "s3",
    "bucket": "b-1",
    "prefix": "p/",
    "region": "us-east-1",
    "endpointUrl": "http://127.0.0.1:8333",
    "expectedAccount": "",
}


def problems(value: Any) -> tuple[str, ...]:
    with pytest.raises(InvalidConnection) as caught:
        connect(value)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems


def test_connects_to_a_directory() -> None:
    channel = connect(DIRECTORY)
    assert isinstance(channel, DirectoryChannel)
    assert str(channel) == "directory /abs/channel"


def test_connects_to_s3() -> None:
    channel = connect(S3)
    assert isinstance(channel, S3Channel)
    assert str(channel) == "bucket b-1 at http://127.0.0.1:8333, prefix p/"


def test_s3_needs_only_a_bucket_and_a_region() -> None:
    assert str(connect({"kind": "s3", "bucket": "abc", "region": "eu-west-1"})) == (
        "bucket abc at AWS eu-west-1, prefix none"
    )


@pytest.mark.parametrize("value", [DIRECTORY, S3])
def test_a_connection_goes_round(value: dict[str, Any]) -> None:
    connection = parse(value)
    assert connection.to_wire() == value
    assert parse(connection) == connection
    assert parse(connection.to_wire()) == connection


def test_models_take_python_names() -> None:
    assert DirectoryConnection(directory=Path("/a")).to_wire() == {"kind": "directory", "directory": "/a"}
    assert S3Connection(bucket="abc", region="r", endpoint_url="https://h:1").to_wire()["endpointUrl"] == "https://h:1"


def test_names_all_problems_at_once_by_path() -> None:
    value = {
        "kind": "s3",
        "bucket": "B",
        "prefix": "p",
        "endpointUrl": "127.0.0.1:8333",
        "expectedAccount": "12",
        "secret": "x",
    }
    found = problems(value)
    assert {problem.split(": ")[0] for problem in found} == {
        f"channel.{name}" for name in ("bucket", "prefix", "region", "endpointUrl", "expectedAccount", "secret")
    }


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"kind": "directory", "directory": "relative"}, "channel.directory: give an absolute path"),
        ({"kind": "directory"}, "channel.directory: Field required"),
        ({"kind": "floppy"}, "channel: Input tag 'floppy' found using 'kind' does not match any of the expected tags"),
        ({}, "channel: Unable to extract tag using discriminator 'kind'"),
        ({**S3, "endpointUrl": "ftp://h"}, "channel.endpointUrl: give a URL such as https://host:port"),
        ({**S3, "endpointUrl": "https://u:p@h"}, "channel.endpointUrl: give scheme, host and port only"),
        ({**S3, "prefix": "/p/"}, "channel.prefix: "),
        ({**S3, "prefix": "../p/"}, "channel.prefix: "),
    ],
)
def test_says_what_is_wrong(value: dict[str, Any], problem: str) -> None:
    (found,) = problems(value)
    assert found.startswith(problem)


def test_says_where_the_value_stands() -> None:
    with pytest.raises(InvalidConnection, match=r"^store\.directory: "):
        parse({"kind": "directory"}, "store")


def test_a_value_that_is_not_an_object_is_refused() -> None:
    assert len(problems("s3://bucket")) == 1
    assert len(problems(None)) == 1
