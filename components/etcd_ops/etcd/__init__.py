"""The only place that speaks to etcd: keys, membership, maintenance, snapshots, health.

What needs gRPC is loaded at the first use of `EtcdClient`.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING

from etcd_ops.etcd.credentials import Credentials
from etcd_ops.etcd.errors import EtcdError, OutcomeUnknown, Reason, Refused, Unreachable
from etcd_ops.etcd.transaction import (
    Compare,
    CompareTarget,
    Delete,
    Get,
    Operation,
    OperationResult,
    Put,
    Relation,
    TxnResult,
)
from etcd_ops.etcd.values import (
    Alarm,
    AlarmKind,
    DeleteResult,
    DowngradeAction,
    EndpointStatus,
    GetResult,
    HashKv,
    Header,
    KeyValue,
    MemberInfo,
    MemberList,
    RangeResult,
    SwapResult,
)

if TYPE_CHECKING:
    from etcd_ops.etcd.client import EtcdClient
    from etcd_ops.etcd.health import Check, Checks, EndpointHealth, Health, ProbeFailed
    from etcd_ops.etcd.key_value import prefix_end

__all__ = [
    "Alarm",
    "AlarmKind",
    "Check",
    "Checks",
    "Compare",
    "CompareTarget",
    "Credentials",
    "Delete",
    "DeleteResult",
    "DowngradeAction",
    "EndpointHealth",
    "EndpointStatus",
    "EtcdClient",
    "EtcdError",
    "Get",
    "GetResult",
    "HashKv",
    "Header",
    "Health",
    "KeyValue",
    "MemberInfo",
    "MemberList",
    "Operation",
    "OperationResult",
    "OutcomeUnknown",
    "ProbeFailed",
    "Put",
    "RangeResult",
    "Reason",
    "Refused",
    "Relation",
    "SwapResult",
    "TxnResult",
    "Unreachable",
    "prefix_end",
]

_LAZY = {
    "EtcdClient": "client",
    "Check": "health",
    "Checks": "health",
    "EndpointHealth": "health",
    "Health": "health",
    "ProbeFailed": "health",
    "prefix_end": "key_value",
}

# gRPC writes every failed handshake to standard error; callers get it as an exception.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_LAZY[name]}"), name)
