"""Between etcd's messages and the package's values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from etcd_ops.etcd.rpc import rpc_pb2 as pb
from etcd_ops.etcd.transaction import (
    Compare,
    Delete,
    Get,
    Operation,
    OperationResult,
    Put,
    TxnResult,
)
from etcd_ops.etcd.values import (
    DeleteResult,
    EndpointStatus,
    HashKv,
    Header,
    KeyValue,
    MemberInfo,
    MemberList,
    RangeResult,
)

if TYPE_CHECKING:
    from etcd_ops.etcd.rpc import kv_pb2


def header(message: pb.ResponseHeader) -> Header:
    """The header of any answer."""
    return Header(message.cluster_id, message.member_id, message.revision, message.raft_term)


def endpoint_status(message: pb.StatusResponse) -> EndpointStatus:
    """The answer of Status."""
    return EndpointStatus(
        cluster_id=message.header.cluster_id,
        member_id=message.header.member_id,
        revision=message.header.revision,
        raft_term=message.raftTerm,
        raft_index=message.raftIndex,
        raft_applied_index=message.raftAppliedIndex,
        leader_id=message.leader,
        version=message.version,
        db_size=message.dbSize,
        db_size_in_use=message.dbSizeInUse,
        db_quota=message.dbSizeQuota,
        is_learner=message.isLearner,
        errors=tuple(message.errors),
        storage_version=message.storageVersion,
        downgrade_enabled=message.downgradeInfo.enabled,
        downgrade_target=message.downgradeInfo.targetVersion,
    )


def member_list(header: pb.ResponseHeader, members: Iterable[pb.Member]) -> MemberList:
    """The member list that an answer about membership carries."""
    return MemberList(header.cluster_id, tuple(map(member, members)))


def member(message: pb.Member) -> MemberInfo:
    """One entry of a member list."""
    return MemberInfo(
        id=message.ID,
        name=message.name,
        peer_urls=tuple(message.peerURLs),
        client_urls=tuple(message.clientURLs),
        is_learner=message.isLearner,
    )


def hash_kv(message: pb.HashKVResponse) -> HashKv:
    """The answer of HashKV."""
    return HashKv(header(message.header), message.hash, message.compact_revision, message.hash_revision)


def key_value(message: kv_pb2.KeyValue) -> KeyValue:
    """One key with its value."""
    return KeyValue(
        key=message.key,
        value=message.value,
        create_revision=message.create_revision,
        mod_revision=message.mod_revision,
        version=message.version,
        lease=message.lease,
    )


def range_result(message: pb.RangeResponse) -> RangeResult:
    """The answer of Range."""
    return RangeResult(header(message.header), tuple(map(key_value, message.kvs)), message.count, message.more)


def txn_request(
    compares: Iterable[Compare], success: Iterable[Operation], failure: Iterable[Operation]
) -> pb.TxnRequest:
    """The request of a transaction."""
    return pb.TxnRequest(
        compare=map(_compare, compares), success=map(_operation, success), failure=map(_operation, failure)
    )


def txn_result(message: pb.TxnResponse) -> TxnResult:
    """The answer of a transaction."""
    results = tuple(map(_operation_result, message.responses))
    return TxnResult(header(message.header), message.succeeded, results)


def _compare(compare: Compare) -> pb.Compare:
    message = pb.Compare(key=compare.key, target=compare.target.name, result=compare.relation.name)
    setattr(message, compare.target.value, compare.value)
    return message


def _operation(operation: Operation) -> pb.RequestOp:
    if isinstance(operation, Put):
        put = pb.PutRequest(key=operation.key, value=operation.value, lease=operation.lease)
        return pb.RequestOp(request_put=put)
    if isinstance(operation, Get):
        return pb.RequestOp(request_range=pb.RangeRequest(key=operation.key, range_end=operation.range_end))
    delete: Delete = operation
    request = pb.DeleteRangeRequest(key=delete.key, range_end=delete.range_end)
    return pb.RequestOp(request_delete_range=request)


def _operation_result(message: pb.ResponseOp) -> OperationResult:
    kind = message.WhichOneof("response")
    if kind == "response_put":
        return header(message.response_put.header)
    if kind == "response_range":
        return range_result(message.response_range)
    if kind == "response_delete_range":
        answer = message.response_delete_range
        return DeleteResult(header(answer.header), answer.deleted)
    raise ValueError(f"a transaction answered with {kind}, which was not asked for")
