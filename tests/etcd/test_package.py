from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

import etcd_ops.etcd
from etcd_ops.etcd.rpc import methods
from etcd_ops.etcd.rpc import rpc_pb2 as pb


def test_the_package_loads_without_grpc() -> None:
    program = "import sys, etcd_ops.etcd; print(sorted({'grpc', 'google.protobuf', 'asyncio'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", etcd_ops.etcd.__all__)
def test_every_public_name_resolves(name: str) -> None:
    assert getattr(etcd_ops.etcd, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing_such"):
        etcd_ops.etcd.nothing_such  # noqa: B018


def test_another_copy_of_etcds_messages_fits_in_the_same_process() -> None:
    other = descriptor_pb2.FileDescriptorProto(name="rpc.proto", package="etcdserverpb", syntax="proto3")
    other.message_type.add(name="RangeRequest")
    # The annotations of protobuf's pool are incomplete.
    pool: Any = descriptor_pool
    pool.Default().Add(other)
    theirs = message_factory.GetMessageClass(pool.Default().FindMessageTypeByName("etcdserverpb.RangeRequest"))
    assert theirs.DESCRIPTOR.full_name != pb.RangeRequest.DESCRIPTOR.full_name
    assert pb.RangeRequest(key=b"k").SerializeToString() == b"\x0a\x01k"


def test_every_method_is_one_that_etcd_serves() -> None:
    services = pb.DESCRIPTOR.services_by_name
    written_out = [method for method in vars(methods).values() if isinstance(method, methods.Method)]
    assert len(written_out) > 15
    for method in written_out:
        served = services[method.service].methods_by_name[method.name]
        assert served.input_type is method.request.DESCRIPTOR
        assert served.output_type is method.response.DESCRIPTOR
        assert method.path == f"/etcdserverpb.{method.service}/{method.name}"
