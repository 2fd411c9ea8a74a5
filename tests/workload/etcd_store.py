"""The etcd cluster that a connection file names, as a `Store`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from etcd_ops.etcd import (
    Compare,
    CompareTarget,
    Delete,
    EtcdClient,
    EtcdError,
    Get,
    Header,
    KeyValue,
    OutcomeUnknown,
    Put,
    RangeResult,
    Relation,
    TxnResult,
    prefix_end,
)
from tests.workload.connection import file_version, read_connection
from tests.workload.requests import Answer, Request, Version
from tests.workload.store import Refused, Uncertain

PAGE = 1000


class EtcdStore:
    """One client's connection to a cluster.

    Args:
        connection_file: see `connection`.
        timeout: seconds a request may take.
        first: which of the endpoints to start with.
    """

    def __init__(self, connection_file: Path, *, timeout: float, first: int = 0) -> None:
        self._file = connection_file
        self._file_version = file_version(connection_file)
        self._connection = read_connection(connection_file)
        self._client = EtcdClient(self._connection.credentials)
        self._timeout = timeout
        self._turn = first

    @property
    def endpoint(self) -> str:
        endpoints = self._connection.endpoints
        return endpoints[self._turn % len(endpoints)]

    async def close(self) -> None:
        await self._client.close()

    def rotate(self) -> None:
        self._reload()
        self._turn += 1

    def refresh(self) -> None:
        if file_version(self._file) != self._file_version:
            self._reload()

    async def perform(self, request: Request) -> Answer:
        try:
            return await self._perform(request)
        except OutcomeUnknown as error:
            raise Uncertain(str(error)) from error
        except EtcdError as error:
            raise Refused(str(error)) from error

    async def read_back(self, prefix: str) -> tuple[Sequence[Mapping[str, object]], int, str]:
        try:
            return await self._read_back(prefix.encode())
        except EtcdError as error:
            raise Refused(str(error)) from error

    def _reload(self) -> None:
        version = file_version(self._file)
        try:
            connection = read_connection(self._file)
        except (OSError, ValueError):
            # Caught while it is being replaced: the next failure or request reads it again.
            return
        self._file_version = version
        if connection.credentials != self._connection.credentials:
            self._client.replace_credentials(connection.credentials)
        self._connection = connection

    async def _perform(self, request: Request) -> Answer:
        key, value = request.key.encode(), request.value.encode()
        if request.operation == "get":
            got = await self._client.get(self.endpoint, key, timeout=self._timeout)
            return _answer(got.header, got.entry)
        if request.operation in {"put", "append"}:
            header = await self._client.put(self.endpoint, key, value, timeout=self._timeout)
            return _blind_answer(header)
        if request.operation == "delete":
            return _txn_answer(await self._txn((), (Get(key), Delete(key))), swapped=False)
        result = await self._txn((_comparison(request),), (Get(key), Put(key, value)), (Get(key),))
        return _txn_answer(result, swapped=result.succeeded)

    async def _txn(
        self,
        compares: Sequence[Compare],
        success: Sequence[Get | Put | Delete],
        failure: Sequence[Get | Put | Delete] = (),
    ) -> TxnResult:
        return await self._client.txn(self.endpoint, compares, success, failure, timeout=self._timeout)

    async def _read_back(self, prefix: bytes) -> tuple[Sequence[Mapping[str, object]], int, str]:
        found: list[Mapping[str, object]] = []
        start, revision = prefix, 0
        while True:
            page = await self._client.get_range(
                self.endpoint, start, prefix_end(prefix), limit=PAGE, revision=revision, timeout=self._timeout
            )
            found.extend(_entry(entry) for entry in page.entries)
            revision = revision or page.header.revision
            if not page.more:
                return found, revision, f"{page.header.cluster_id:x}"
            start = page.entries[-1].key + b"\0"


def _comparison(request: Request) -> Compare:
    key, expect = request.key.encode(), request.expect
    if expect is None:
        raise ValueError("a compare-and-swap needs an expectation")
    if expect.value is not None:
        return Compare(key, CompareTarget.VALUE, Relation.EQUAL, expect.value.encode())
    return Compare(key, CompareTarget.MOD, Relation.EQUAL, expect.revision)


def _txn_answer(result: TxnResult, *, swapped: bool) -> Answer:
    before = result.results[0]
    if not isinstance(before, RangeResult):
        raise TypeError(f"expected the transaction's read, found {before!r}")
    return _answer(result.header, before.entries[0] if before.entries else None, swapped=swapped)


def _answer(header: Header, entry: KeyValue | None, *, swapped: bool = False) -> Answer:
    observed = None if entry is None else Version(entry.value.decode(), entry.mod_revision)
    return Answer(header.revision, *_origin(header), observed=observed, swapped=swapped)


def _blind_answer(header: Header) -> Answer:
    return Answer(header.revision, *_origin(header), blind=True)


def _origin(header: Header) -> tuple[str, str]:
    return f"{header.cluster_id:x}", f"{header.member_id:x}"


def _entry(entry: KeyValue) -> Mapping[str, object]:
    return {"key": entry.key.decode(), "value": entry.value.decode(), "mod_revision": entry.mod_revision}
