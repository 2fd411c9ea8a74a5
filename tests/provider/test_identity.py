"""The ID of a Rollout is a URL of its channel, from which the channel is made again."""

from __future__ import annotations

import pytest

from pulumi_etcd.provider.rollout_inputs import connection, identity

CHANNELS = {
    "file:///srv/a%20b": {"kind": "directory", "directory": "/srv/a b"},
    "s3://bucket/eu/one/?region=eu-west-1": {
        "kind": "s3",
        "bucket": "bucket",
        "prefix": "eu/one/",
        "region": "eu-west-1",
    },
    "kubernetes://etcd/orders?context=prod&kubeconfig=%2Fetc%2Fkubeconfig": {
        "kind": "kubernetes",
        "namespace": "etcd",
        "cluster": "orders",
        "kubeconfig": "/etc/kubeconfig",
        "context": "prod",
    },
}


@pytest.mark.parametrize("id_", CHANNELS)
def test_a_channel_goes_round(id_: str) -> None:
    assert identity(CHANNELS[id_]) == id_
    assert connection(id_) == CHANNELS[id_]


@pytest.mark.parametrize("id_", ["", "orders", "file://relative", "s3://", "kubernetes:///orders", "ftp://host/path"])
def test_what_is_no_channel_is_refused_with_the_forms_there_are(id_: str) -> None:
    with pytest.raises(ValueError, match=r"file:///.* s3://.* kubernetes://"):
        connection(id_)
