"""etcd's methods: path, answer and whether the call changes anything.

Written out because the generated messages are registered under another package than the one etcd serves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from google.protobuf.message import Message

from etcd_ops.etcd.rpc import rpc_pb2 as pb

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response", bound=Message)


@dataclass(frozen=True, slots=True)
class Method(Generic[Request, Response]):
    """A method of etcd's gRPC API."""

    service: str
    name: str
    request: type[Request]
    response: type[Response]
    writes: bool

    @property
    def path(self) -> str:
        """The path that gRPC calls it by."""
        return f"/etcdserverpb.{self.service}/{self.name}"


RANGE = Method("KV", "Range", pb.RangeRequest, pb.RangeResponse, writes=False)
PUT = Method("KV", "Put", pb.PutRequest, pb.PutResponse, writes=True)
DELETE_RANGE = Method("KV", "DeleteRange", pb.DeleteRangeRequest, pb.DeleteRangeResponse, writes=True)
TXN = Method("KV", "Txn", pb.TxnRequest, pb.TxnResponse, writes=True)
COMPACT = Method("KV", "Compact", pb.CompactionRequest, pb.CompactionResponse, writes=True)

MEMBER_LIST = Method("Cluster", "MemberList", pb.MemberListRequest, pb.MemberListResponse, writes=False)
MEMBER_ADD = Method("Cluster", "MemberAdd", pb.MemberAddRequest, pb.MemberAddResponse, writes=True)
MEMBER_REMOVE = Method("Cluster", "MemberRemove", pb.MemberRemoveRequest, pb.MemberRemoveResponse, writes=True)
MEMBER_UPDATE = Method("Cluster", "MemberUpdate", pb.MemberUpdateRequest, pb.MemberUpdateResponse, writes=True)
MEMBER_PROMOTE = Method("Cluster", "MemberPromote", pb.MemberPromoteRequest, pb.MemberPromoteResponse, writes=True)

STATUS = Method("Maintenance", "Status", pb.StatusRequest, pb.StatusResponse, writes=False)
ALARM_GET = Method("Maintenance", "Alarm", pb.AlarmRequest, pb.AlarmResponse, writes=False)
ALARM_SET = Method("Maintenance", "Alarm", pb.AlarmRequest, pb.AlarmResponse, writes=True)
DEFRAGMENT = Method("Maintenance", "Defragment", pb.DefragmentRequest, pb.DefragmentResponse, writes=True)
HASH_KV = Method("Maintenance", "HashKV", pb.HashKVRequest, pb.HashKVResponse, writes=False)
MOVE_LEADER = Method("Maintenance", "MoveLeader", pb.MoveLeaderRequest, pb.MoveLeaderResponse, writes=True)
DOWNGRADE_VALIDATE = Method("Maintenance", "Downgrade", pb.DowngradeRequest, pb.DowngradeResponse, writes=False)
DOWNGRADE = Method("Maintenance", "Downgrade", pb.DowngradeRequest, pb.DowngradeResponse, writes=True)
SNAPSHOT = Method("Maintenance", "Snapshot", pb.SnapshotRequest, pb.SnapshotResponse, writes=False)
