from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from etcd_ops.etcd import (
    Compare,
    CompareTarget,
    Delete,
    DeleteResult,
    EtcdClient,
    Get,
    Header,
    Operation,
    Put,
    RangeResult,
    Reason,
    Refused,
    Relation,
    prefix_end,
)
from tests.etcd.conftest import Run
from tests.etcd.members import Member

pytestmark = pytest.mark.etcd


def test_a_key_is_written_read_everywhere_and_deleted(
    run: Run[Any], client: EtcdClient, trio: Sequence[Member]
) -> None:
    first, second, _ = trio
    written = run(client.put(first.endpoint, b"kv/one", b"1", timeout=5))
    read = run(client.get(second.endpoint, b"kv/one", timeout=5))
    assert read.entry is not None
    assert (read.entry.value, read.entry.mod_revision, read.entry.version) == (b"1", written.revision, 1)
    assert read.header.cluster_id == written.cluster_id
    assert read.header.member_id != written.member_id
    assert run(client.delete(first.endpoint, b"kv/one", timeout=5)).deleted == 1
    assert run(client.get(second.endpoint, b"kv/one", timeout=5)).entry is None
    past = run(client.get(second.endpoint, b"kv/one", revision=written.revision, timeout=5))
    assert past.entry == read.entry


def test_a_range_is_ascending_limited_and_countable(run: Run[Any], client: EtcdClient, trio: Sequence[Member]) -> None:
    endpoint = trio[0].endpoint
    prefix, end = b"range/", prefix_end(b"range/")
    for number in (3, 1, 2):
        run(client.put(endpoint, prefix + b"%d" % number, b"v", timeout=5))
    page = run(client.get_range(endpoint, prefix, end, limit=2, timeout=5))
    assert [entry.key for entry in page.entries] == [b"range/1", b"range/2"]
    assert (page.count, page.more) == (3, True)
    counted = run(client.get_range(endpoint, prefix, end, count_only=True, serializable=True, timeout=5))
    assert (counted.count, counted.entries) == (3, ())
    keys = run(client.get_range(endpoint, prefix, end, keys_only=True, timeout=5))
    assert {entry.value for entry in keys.entries} == {b""}
    assert run(client.delete(endpoint, prefix, end, timeout=5)).deleted == 3


def test_only_one_of_two_swaps_from_the_same_revision_wins(
    run: Run[Any], client: EtcdClient, trio: Sequence[Member]
) -> None:
    first, second, _ = trio
    made = run(client.compare_and_swap(first.endpoint, b"cas", b"a", mod_revision=0, timeout=5))
    assert made.swapped
    again = run(client.compare_and_swap(second.endpoint, b"cas", b"b", mod_revision=0, timeout=5))
    assert not again.swapped
    assert again.current is not None
    assert (again.current.value, again.current.mod_revision) == (b"a", made.header.revision)
    revision = made.header.revision
    swapped = run(client.compare_and_swap(second.endpoint, b"cas", b"c", mod_revision=revision, timeout=5))
    late = run(client.compare_and_swap(first.endpoint, b"cas", b"d", mod_revision=revision, timeout=5))
    assert (swapped.swapped, late.swapped) == (True, False)
    assert late.current is not None
    assert late.current.value == b"c"
    run(client.delete(first.endpoint, b"cas", timeout=5))


@pytest.mark.parametrize(
    ("target", "relation", "value", "holds"),
    [
        (CompareTarget.VALUE, Relation.EQUAL, b"v", True),
        (CompareTarget.VALUE, Relation.NOT_EQUAL, b"v", False),
        (CompareTarget.VERSION, Relation.EQUAL, 1, True),
        (CompareTarget.CREATE, Relation.GREATER, 0, True),
        (CompareTarget.MOD, Relation.LESS, 1, False),
        (CompareTarget.LEASE, Relation.EQUAL, 0, True),
    ],
)
def test_a_transaction_takes_the_branch_its_compare_names(
    run: Run[Any],
    client: EtcdClient,
    trio: Sequence[Member],
    target: CompareTarget,
    relation: Relation,
    value: bytes | int,
    holds: bool,
) -> None:
    endpoint = trio[0].endpoint
    run(client.delete(endpoint, b"txn/", prefix_end(b"txn/"), timeout=5))
    run(client.put(endpoint, b"txn/a", b"v", timeout=5))
    success: list[Operation] = [Put(b"txn/b", b"2"), Get(b"txn/", prefix_end(b"txn/")), Delete(b"txn/a")]
    compare = Compare(b"txn/a", target, relation, value)
    answer = run(client.txn(endpoint, [compare], success, [Get(b"txn/a")], timeout=5))
    assert answer.succeeded is holds
    if not holds:
        assert [type(result) for result in answer.results] == [RangeResult]
        return
    put, ranged, deleted = answer.results
    assert isinstance(put, Header)
    assert put.revision == answer.header.revision
    assert isinstance(ranged, RangeResult)
    assert [entry.key for entry in ranged.entries] == [b"txn/a", b"txn/b"]
    assert isinstance(deleted, DeleteResult)
    assert deleted.deleted == 1


def test_a_compare_of_the_wrong_type_is_refused_before_it_is_sent() -> None:
    with pytest.raises(TypeError, match="VALUE is compared with bytes"):
        Compare(b"k", CompareTarget.VALUE, Relation.EQUAL, 1)


def test_history_that_is_gone_or_to_come_is_refused(run: Run[Any], client: EtcdClient, trio: Sequence[Member]) -> None:
    endpoint = trio[0].endpoint
    run(client.put(endpoint, b"old", b"1", timeout=5))
    revision = run(client.put(endpoint, b"old", b"2", timeout=5)).revision
    run(client.compact(endpoint, revision, physical=True, timeout=10))
    for wanted, reason in ((revision - 1, Reason.COMPACTED), (revision + 1_000_000, Reason.FUTURE_REVISION)):
        with pytest.raises(Refused) as refused:
            run(client.get(endpoint, b"old", revision=wanted, timeout=5))
        assert refused.value.reason is reason
    with pytest.raises(Refused) as twice:
        run(client.compact(endpoint, revision, timeout=5))
    assert twice.value.reason is Reason.COMPACTED


@pytest.mark.parametrize(
    ("prefix", "end"),
    [(b"a/", b"a0"), (b"a\xff", b"b"), (b"\xff\xff", b"\0"), (b"", b"\0")],
)
def test_the_end_of_a_prefix(prefix: bytes, end: bytes) -> None:
    assert prefix_end(prefix) == end
