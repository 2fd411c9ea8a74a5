"""Reading and writing keys."""

from __future__ import annotations

from collections.abc import Sequence

from etcd_ops.etcd import convert
from etcd_ops.etcd.connection import Connections
from etcd_ops.etcd.rpc import methods
from etcd_ops.etcd.rpc import rpc_pb2 as pb
from etcd_ops.etcd.transaction import Compare, CompareTarget, Get, Operation, Put, Relation, TxnResult
from etcd_ops.etcd.values import DeleteResult, GetResult, Header, KeyValue, RangeResult, SwapResult


def prefix_end(prefix: bytes) -> bytes:
    """The `range_end` that, with `prefix` as key, covers every key that begins with it."""
    head = prefix.rstrip(b"\xff")
    return head[:-1] + bytes([head[-1] + 1]) if head else b"\0"


class KeyValueCalls:
    """The key space, through one member. Every call raises `EtcdError`; `timeout` is in seconds."""

    _connections: Connections

    async def get(
        self, endpoint: str, key: bytes, *, timeout: float, serializable: bool = False, revision: int = 0
    ) -> GetResult:
        """One key, at its newest or at a past `revision`; `serializable` answers without asking a quorum."""
        request = pb.RangeRequest(key=key, serializable=serializable, revision=revision)
        answer = convert.range_result(await self._connections.to(endpoint).call(methods.RANGE, request, timeout))
        return GetResult(answer.header, answer.entries[0] if answer.entries else None)

    async def get_range(
        self,
        endpoint: str,
        key: bytes,
        range_end: bytes,
        *,
        timeout: float,
        limit: int = 0,
        revision: int = 0,
        serializable: bool = False,
        keys_only: bool = False,
        count_only: bool = False,
    ) -> RangeResult:
        """The keys from `key` up to and without `range_end`, ascending, at most `limit` of them (0: all).

        The whole answer is held in memory; the count is of the whole range, whatever the limit.
        """
        request = pb.RangeRequest(
            key=key,
            range_end=range_end,
            limit=limit,
            revision=revision,
            serializable=serializable,
            keys_only=keys_only,
            count_only=count_only,
        )
        return convert.range_result(await self._connections.to(endpoint).call(methods.RANGE, request, timeout))

    async def put(self, endpoint: str, key: bytes, value: bytes, *, timeout: float, lease: int = 0) -> Header:
        """Write one key."""
        request = pb.PutRequest(key=key, value=value, lease=lease)
        answer = await self._connections.to(endpoint).call(methods.PUT, request, timeout)
        return convert.header(answer.header)

    async def delete(self, endpoint: str, key: bytes, range_end: bytes = b"", *, timeout: float) -> DeleteResult:
        """Delete one key, or all from `key` up to and without `range_end`."""
        request = pb.DeleteRangeRequest(key=key, range_end=range_end)
        answer = await self._connections.to(endpoint).call(methods.DELETE_RANGE, request, timeout)
        return DeleteResult(convert.header(answer.header), answer.deleted)

    async def compare_and_swap(
        self, endpoint: str, key: bytes, value: bytes, *, mod_revision: int, timeout: float
    ) -> SwapResult:
        """Write one key if it was last changed at `mod_revision` (0: if it does not exist)."""
        unchanged = Compare(key, CompareTarget.MOD, Relation.EQUAL, mod_revision)
        answer = await self.txn(endpoint, [unchanged], [Put(key, value)], [Get(key)], timeout=timeout)
        return SwapResult(answer.header, answer.succeeded, _first_entry(answer))

    async def txn(
        self,
        endpoint: str,
        compares: Sequence[Compare],
        success: Sequence[Operation],
        failure: Sequence[Operation] = (),
        *,
        timeout: float,
    ) -> TxnResult:
        """Run `success` if every compare holds, else `failure`, as one step.

        Of the headers inside the results, etcd fills in the revision only. A transaction that holds nothing
        but `Get` is reported as a write too when it fails.
        """
        request = convert.txn_request(compares, success, failure)
        return convert.txn_result(await self._connections.to(endpoint).call(methods.TXN, request, timeout))


def _first_entry(answer: TxnResult) -> KeyValue | None:
    for result in answer.results:
        if isinstance(result, RangeResult):
            return result.entries[0] if result.entries else None
    return None
