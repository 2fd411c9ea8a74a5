from __future__ import annotations

import pytest

from tools.protos.strip import strip

PROTO = """\
syntax = "proto3";
package etcdserverpb;

import "etcd/api/mvccpb/kv.proto";
import "etcd/api/versionpb/version.proto";
import "google/api/annotations.proto";

option go_package = "go.etcd.io/etcd/api/v3/etcdserverpb";

option (openapi.swagger) = {
  nested: { text: "a brace } and a semicolon;" };
};

service KV {
  rpc Range(RangeRequest) returns (RangeResponse) {
      option (google.api.http) = {
        post: "/v3/kv/range"
    };
  }
}

message RangeRequest {
  option (versionpb.etcd_version_msg) = "3.0";
  bytes key = 1;
  int64 revision = 2 [(versionpb.etcd_version_field)="3.1"];
  bool old = 3 [deprecated=true];
}
"""


def test_only_the_wire_format_is_left() -> None:
    assert strip(PROTO).split() == [
        *("syntax", "=", '"proto3";', "package", "etcd_ops.etcdserverpb;"),
        *("import", '"etcd_ops/etcd/rpc/kv.proto";'),
        *("service", "KV", "{", "rpc", "Range(RangeRequest)", "returns", "(RangeResponse)", "{", "}", "}"),
        *("message", "RangeRequest", "{", "bytes", "key", "=", "1;", "int64", "revision", "=", "2;"),
        *("bool", "old", "=", "3", "[deprecated=true];", "}"),
    ]


def test_an_option_that_cannot_be_removed_is_an_error() -> None:
    with pytest.raises(ValueError, match="an option is left"):
        strip('message M { int64 a = 1 [deprecated=true, (versionpb.etcd_version_field)="3.1"]; }')
    with pytest.raises(ValueError, match="does not end"):
        strip("option (google.api.http) = {")
