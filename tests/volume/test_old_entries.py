from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.volume import old_entries
from etcd_ops.volume.old_entries import Extent, OldEntriesReader
from etcd_ops.volume.wal import checksum
from tests.volume.heads import record, varint
from tests.volume.logs import PUBLISHED, PUT, WRAPPED, Committed, Entry, Item, Log, Snapshot

REACH = 5
FAR = 10_000


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def read(log: Log, reach: int = FAR) -> Extent | None:
    with folder() as data:
        log.write(data)
        return OldEntriesReader(reach).read(data)


def log_of(*items: Item | None) -> Log:
    """None begins another file."""
    log = Log()
    for item in items:
        log.cut() if item is None else log.add(item)
    return log


CONTENT = st.sampled_from([PUT, PUT, PUT, None, b"", PUBLISHED, WRAPPED, b"\xa2\x06\x00", bytes(200)])


@st.composite
def histories(draw: st.DrawFn) -> list[Item | None]:
    """What a member writes: entries, commits up to them, snapshots of what is committed, other files."""
    items: list[Item | None] = []
    last = committed = 0
    for kind in draw(st.lists(st.sampled_from("eeeecsfo"), max_size=25)):
        if kind == "e":
            last += 1
            items.append(Entry(last, draw(CONTENT), draw(st.sampled_from((0, 0, 0, 1)))))
        elif kind == "c" and last:
            committed = draw(st.integers(committed, last))
            items.append(Committed(committed))
        elif kind == "s" and committed:
            items.append(Snapshot(draw(st.integers(1, committed))))
        elif kind == "o" and last > committed:
            last = draw(st.integers(committed, last))
        elif kind == "f":
            items.append(None)
    return items


def expected(items: list[Item | None]) -> Extent | None:
    """The same, from the history."""
    entries = [each for each in items if isinstance(each, Entry)]
    committed = next((each.index for each in reversed(items) if isinstance(each, Committed)), 0)
    snapshots = [each.index for each in items if isinstance(each, Snapshot) and each.index <= committed]
    old = max((each.index for each in entries if each.old), default=0)
    return Extent(old, max(snapshots, default=0), entries[-1].index if entries else 0)


@given(histories())
def test_a_log_is_read_as_it_was_written(items: list[Item | None]) -> None:
    found, wanted = read(log_of(*items)), expected(items)
    assert found is not None and wanted is not None
    assert (found.old, found.snapshot) == (wanted.old, wanted.snapshot)
    assert found.last >= wanted.last


@given(histories(), st.integers(1, REACH))
def test_no_entry_that_matters_is_overlooked(items: list[Item | None], reach: int) -> None:
    """Files far behind a snapshot are not opened: what they hold is neither replayed nor within reach."""
    found, wanted = read(log_of(*items), reach), expected(items)
    assert found is not None and wanted is not None
    assert found.snapshot == wanted.snapshot
    if wanted.old > min(wanted.snapshot, wanted.last - reach):
        assert found.old == wanted.old


@given(histories())
def test_what_was_added_is_read_as_if_all_were_new(items: list[Item | None]) -> None:
    log, reader = Log(), OldEntriesReader(FAR)
    with folder() as data:
        for item in items:
            log.cut() if item is None else log.add(item)
            log.write(data)
            assert reader.read(data) == OldEntriesReader(FAR).read(data)


@given(histories(), st.data())
def test_a_record_that_is_being_written_is_not_believed(items: list[Item | None], draw: st.DataObject) -> None:
    log = log_of(*items, Entry(50, PUBLISHED), Entry(51, PUT), Committed(51), Snapshot(51))
    whole = b"".join(log.newest)
    cut = draw.draw(st.integers(0, len(whole)))
    with folder() as data:
        path = log.write(data)
        path.write_bytes(whole[:cut] + bytes(len(whole) - cut + 4096))
        reader = OldEntriesReader(FAR)
        found = reader.read(data)
        complete = whole[:cut].rstrip(b"\0") == whole.rstrip(b"\0")
        assert found is None or complete or found.snapshot < 51
        path.write_bytes(whole + bytes(4096))
        assert reader.read(data) == OldEntriesReader(FAR).read(data) == read(log)


@given(histories(), st.data())
def test_a_truncated_log_never_fails(items: list[Item | None], draw: st.DataObject) -> None:
    log = log_of(*items, Entry(50, PUBLISHED), Committed(50), Snapshot(50), Committed(50))
    with folder() as data:
        path = log.write(data, reserve=0)
        content = path.read_bytes()
        path.write_bytes(content[: draw.draw(st.integers(0, len(content)))])
        OldEntriesReader(FAR).read(data)


@given(st.binary(max_size=300), st.integers(0, 400))
def test_garbage_never_fails(garbage: bytes, begin: int) -> None:
    log = log_of(Entry(1, PUBLISHED), Committed(1), Snapshot(1), Entry(2), Committed(2))
    with folder() as data:
        path = log.write(data)
        content = path.read_bytes()
        path.write_bytes(content[:begin] + garbage + content[begin:])
        OldEntriesReader(FAR).read(data)


@given(st.data())
def test_a_damaged_snapshot_covers_nothing(draw: st.DataObject) -> None:
    log = log_of(Entry(1, PUBLISHED), Committed(1), Snapshot(1), Committed(1))
    damaged = bytearray(log.newest[-2])
    bit = draw.draw(st.integers(8 * 8, 8 * (8 + damaged[0]) - 1))
    damaged[bit // 8] ^= 1 << (bit % 8)
    log.newest[-2] = bytes(damaged)
    assert read(log) in (None, Extent(1, 0, 1))


def test_a_snapshot_ahead_of_what_is_committed_covers_nothing() -> None:
    assert read(log_of(Entry(1, PUBLISHED), Snapshot(1))) == Extent(1, 0, 1)
    assert read(log_of(Entry(1, PUBLISHED), Snapshot(1), Committed(1))) == Extent(1, 1, 1)
    assert read(log_of(Entry(1, PUBLISHED), Committed(1), Snapshot(1))) == Extent(1, 1, 1)


def test_what_follows_a_snapshot_may_be_in_an_older_file() -> None:
    log = log_of(Entry(1), Entry(2, PUBLISHED), Committed(1), None, Snapshot(1), Entry(3), Committed(3))
    assert read(log, reach=1) == Extent(2, 1, 3)


def test_what_is_covered_is_found_within_reach() -> None:
    log = log_of(Entry(1, PUBLISHED), Committed(1), None, Snapshot(1), Entry(2), Committed(2), Snapshot(2))
    assert read(log, reach=2) == Extent(1, 2, 2)


def test_the_newest_state_tells_what_is_committed() -> None:
    log = log_of(Entry(1), Committed(1), Entry(2, PUBLISHED), None, Committed(2), Snapshot(2))
    assert read(log) == Extent(2, 2, 2)


def test_changes_of_membership_are_not_requests() -> None:
    assert read(log_of(Entry(1, PUBLISHED, kind=1), Committed(1))) == Extent(0, 0, 1)


@pytest.mark.parametrize("data", [PUBLISHED, WRAPPED, WRAPPED[2:]])
def test_every_form_of_a_v2_request_is_seen(data: bytes) -> None:
    assert read(log_of(Entry(1), Entry(2, data), Entry(3))) == Extent(2, 0, 3)


def test_nothing_to_read() -> None:
    with folder() as data:
        assert OldEntriesReader(FAR).read(data) is None
        (data / "member").mkdir()
        (data / "member" / "wal").write_text("not a folder")
        assert OldEntriesReader(FAR).read(data) is None


def test_a_log_without_any_snapshot_is_not_understood() -> None:
    log = log_of(Entry(1), Committed(1))
    log.newest[2:] = []
    assert read(log) is None


def test_an_enormous_record_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(old_entries, "LARGEST", 1000)
    log = log_of(Entry(1, bytes(1000)), Committed(1))
    assert read(log) == Extent(0, 0, 1)
    log.newest.pop()
    assert read(log) is None
    log.newest.append((2**56 - 1).to_bytes(8, "little") + b"\x08\x02")
    assert read(log) is None


def test_another_log_in_the_same_place_is_read_anew() -> None:
    """Data that was set aside leaves its place to another log with the same names."""
    with folder() as data:
        reader = OldEntriesReader(FAR)
        path = log_of(Entry(1, PUBLISHED), Entry(2), Entry(3)).write(data)
        assert reader.read(data) == Extent(1, 0, 3)
        path.rename(data / "aside")
        log_of(Entry(1)).write(data)
        assert reader.read(data) == Extent(0, 0, 1)


def test_a_record_of_an_unknown_kind_is_not_understood() -> None:
    log = log_of(Entry(1))
    log.newest.append(record(6, checksum(b"x", log.crc), b"x"))
    log.newest.append(record(2, 0, b"\x18" + varint(1)))
    assert read(log) is None
