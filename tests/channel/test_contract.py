"""What every channel does, one call after another."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat

import pytest

from etcd_ops.channel.port import UNCHANGED, Channel, Conflict, Entry
from tests.channel.conftest import MakeStore
from tests.channel.stores import Store, run

NAME = "desired.json"


@pytest.fixture
def channel(store: Store) -> Channel:
    return store.connect()


def stored(channel: Channel, name: str = NAME) -> Entry:
    entry = run(channel.read(name))
    assert entry is not None
    return entry


def test_what_was_never_written_is_not_there(channel: Channel) -> None:
    assert run(channel.read(NAME)) is None
    assert run(channel.read("status/none.json")) is None
    assert run(channel.read_if_changed(NAME, '"tag"')) is None
    assert run(channel.names("")) == ()


@pytest.mark.parametrize("data", [b"", b"{}", b"\n", b"a\n \t\n", bytes(range(256)), b"x" * 300_000])
def test_reads_back_what_was_written(channel: Channel, data: bytes) -> None:
    tag = run(channel.create(NAME, data))
    assert stored(channel) == Entry(data, tag)
    run(channel.put("status/a.json", data))
    assert stored(channel, "status/a.json").data == data


def test_creates_only_once(channel: Channel) -> None:
    tag = run(channel.create(NAME, b"first"))
    with pytest.raises(Conflict):
        run(channel.create(NAME, b"second"))
    assert stored(channel) == Entry(b"first", tag)


def test_replaces_only_the_version_named(channel: Channel) -> None:
    old = run(channel.create(NAME, b"first"))
    new = run(channel.replace(NAME, b"second", old))
    with pytest.raises(Conflict):
        run(channel.replace(NAME, b"third", old))
    assert stored(channel) == Entry(b"second", new)


def test_replaces_nothing_that_is_not_there(channel: Channel) -> None:
    tag = run(channel.create(NAME, b"first"))
    run(channel.delete(NAME))
    for given in (tag, '"0123456789abcdef0123456789abcdef"', "nonsense"):
        with pytest.raises(Conflict):
            run(channel.replace(NAME, b"second", given))
    assert run(channel.read(NAME)) is None


def test_writing_the_same_again_gives_another_tag(channel: Channel) -> None:
    tags = [run(channel.create(NAME, b"same"))]
    for _ in range(3):
        tags.append(run(channel.replace(NAME, b"same", tags[-1])))
    run(channel.put(NAME, b"same"))
    tags.append(stored(channel).tag)
    assert len(set(tags)) == len(tags)


def test_changed_and_changed_back_is_a_conflict(channel: Channel) -> None:
    first = run(channel.create(NAME, b"a"))
    second = run(channel.replace(NAME, b"b", first))
    run(channel.replace(NAME, b"a", second))
    assert stored(channel).data == b"a"
    with pytest.raises(Conflict):
        run(channel.replace(NAME, b"c", first))


def test_deleted_and_created_again_is_a_conflict(channel: Channel) -> None:
    first = run(channel.create(NAME, b"a"))
    run(channel.delete(NAME))
    run(channel.create(NAME, b"a"))
    with pytest.raises(Conflict):
        run(channel.replace(NAME, b"b", first))


def test_reads_only_what_changed(channel: Channel) -> None:
    old = run(channel.create(NAME, b"a"))
    assert run(channel.read_if_changed(NAME, old)) is UNCHANGED
    new = run(channel.replace(NAME, b"a", old))
    assert run(channel.read_if_changed(NAME, old)) == Entry(b"a", new)
    assert run(channel.read_if_changed(NAME, new)) is UNCHANGED
    run(channel.delete(NAME))
    assert run(channel.read_if_changed(NAME, new)) is None


def test_other_processes_see_the_same(store: Store, channel: Channel) -> None:
    tag = run(channel.create(NAME, b"a"))
    other = store.connect()
    assert stored(other) == Entry(b"a", tag)
    run(other.replace(NAME, b"b", tag))
    with pytest.raises(Conflict):
        run(channel.replace(NAME, b"c", tag))
    run(other.close())


def test_lists_names_by_prefix(channel: Channel) -> None:
    names = ("desired.json", "status/a.json", "status/a-1.json", "status/b.json", "log/a.jsonl", "x/y/z.json")
    for name in names:
        run(channel.put(name, b"{}"))
    assert run(channel.names("")) == tuple(sorted(names))
    assert run(channel.names("status/")) == ("status/a-1.json", "status/a.json", "status/b.json")
    assert run(channel.names("status/a.")) == ("status/a.json",)
    assert run(channel.names("x")) == ("x/y/z.json",)
    assert run(channel.names("none/")) == ()


def test_reads_all_objects_by_prefix(channel: Channel) -> None:
    bodies = {"status/b.json": b"{}", "status/a.json": b'{"a":1}', "log/a.jsonl": b"1\n", "status/c/d.json": b"\xff"}
    for name, body in bodies.items():
        run(channel.put(name, body))
    below = sorted(name for name in bodies if name.startswith("status/"))
    found = run(channel.read_all("status/"))
    assert list(found) == below
    assert found == {name: stored(channel, name) for name in below}
    assert run(channel.read_all("none/")) == {}


def test_lists_more_names_than_fit_on_a_page(make_store: MakeStore) -> None:
    store = make_store("seaweedfs")
    channel = store.connect()
    names = tuple(f"status/{number:04}.json" for number in range(1005))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(store.write_raw, names, repeat(b"{}")))
    assert run(channel.names("status/")) == names


def test_deletes_also_what_is_not_there(channel: Channel) -> None:
    run(channel.delete(NAME))
    run(channel.put(NAME, b"a"))
    run(channel.delete(NAME))
    run(channel.delete(NAME))
    assert run(channel.read(NAME)) is None
    assert run(channel.names("")) == ()


@pytest.mark.parametrize(
    "name", ["", "/etc/passwd", "../up.json", "a/../b.json", ".lock", "a/.b.json", "a//b.json", "a/"]
)
def test_refuses_names_that_lead_elsewhere(channel: Channel, name: str) -> None:
    calls = [channel.read(name), channel.create(name, b""), channel.replace(name, b"", "t"), channel.put(name, b"")]
    for call in [*calls, channel.delete(name), channel.read_if_changed(name, "t")]:
        with pytest.raises(ValueError, match="cannot name an object"):
            run(call)


def test_refuses_prefixes_that_lead_elsewhere(channel: Channel) -> None:
    for prefix in ("/", "../", ".", "a//"):
        with pytest.raises(ValueError, match="cannot begin"):
            run(channel.names(prefix))
        with pytest.raises(ValueError, match="cannot begin"):
            run(channel.read_all(prefix))


def test_a_stored_json_document_is_json_for_everybody(store: Store, channel: Channel) -> None:
    run(channel.create(NAME, b'{"a":1}'))
    assert json.loads(store.raw(NAME)) == {"a": 1}


def test_takes_what_a_person_wrote(store: Store, channel: Channel) -> None:
    store.write_raw(NAME, b'{"a":1}\n')
    entry = stored(channel)
    assert entry.data == b'{"a":1}\n'
    run(channel.replace(NAME, b"{}", entry.tag))
    assert stored(channel).data == b"{}"


def test_leaves_alone_what_is_not_its_own(store: Store, channel: Channel) -> None:
    store.write_raw("README", b"keep")
    store.write_raw("status/Upper.json", b"keep")
    run(channel.put("status/a.json", b""))
    assert run(channel.names("")) == ("status/a.json",)
    assert store.raw("README") == b"keep"
