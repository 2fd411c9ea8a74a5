"""Random calls of every channel, compared with a dictionary."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from etcd_ops.channel.port import UNCHANGED, Conflict, Entry
from tests.channel.conftest import KINDS, MakeStore

Result = TypeVar("Result")

NAMES = st.sampled_from(("desired.json", "lock.json", "status/a.json", "status/b.json", "log/a.jsonl"))
DATA = st.sampled_from((b"", b"{}", b"[]", b"\n", b"\n" + b" \t" * 32, b"x" * 5000))
EXAMPLES = {"directory": 60, "seaweedfs": 15, "moto": 8, "kubernetes": 15}


class Calls(RuleBasedStateMachine):
    """Two channels of one store, as two processes would have."""

    make_store: ClassVar[MakeStore]
    kind: ClassVar[str]

    tags = Bundle("tags")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        store = type(self).make_store(self.kind)
        self.channels = (store.connect(), store.connect())
        self.expected: dict[str, Entry] = {}
        self.used: set[str] = set()

    def teardown(self) -> None:
        for channel in self.channels:
            self.run(channel.close())
        self.run(self.loop.shutdown_default_executor())
        self.loop.close()

    def run(self, call: Coroutine[Any, Any, Result]) -> Result:
        return self.loop.run_until_complete(call)

    def wrote(self, name: str, data: bytes, tag: str) -> str:
        assert tag not in self.used, "a tag was given twice"
        self.used.add(tag)
        self.expected[name] = Entry(data, tag)
        return tag

    def replaced(self, name: str, data: bytes, tag: str, by: int) -> str:
        if name in self.expected and self.expected[name].tag == tag:
            return self.wrote(name, data, self.run(self.channels[by].replace(name, data, tag)))
        with pytest.raises(Conflict):
            self.run(self.channels[by].replace(name, data, tag))
        return tag

    @initialize(target=tags)
    def a_tag_of_nothing(self) -> str:
        return '"0123456789abcdef0123456789abcdef"'

    @rule(target=tags, name=NAMES, data=DATA, by=st.integers(0, 1))
    def create(self, name: str, data: bytes, by: int) -> str:
        if name not in self.expected:
            return self.wrote(name, data, self.run(self.channels[by].create(name, data)))
        with pytest.raises(Conflict):
            self.run(self.channels[by].create(name, data))
        return self.expected[name].tag

    @rule(target=tags, name=NAMES, data=DATA, tag=tags, by=st.integers(0, 1))
    def replace_some_version(self, name: str, data: bytes, tag: str, by: int) -> str:
        return self.replaced(name, data, tag, by)

    @rule(target=tags, name=NAMES, data=DATA, by=st.integers(0, 1))
    def replace_the_version_there(self, name: str, data: bytes, by: int) -> str:
        known = self.expected.get(name)
        return self.replaced(name, data, known.tag if known else "never", by)

    @rule(target=tags, name=NAMES, data=DATA, by=st.integers(0, 1))
    def put(self, name: str, data: bytes, by: int) -> str:
        self.run(self.channels[by].put(name, data))
        found = self.run(self.channels[1 - by].read(name))
        assert found is not None
        return self.wrote(name, data, found.tag)

    @rule(name=NAMES, by=st.integers(0, 1))
    def delete(self, name: str, by: int) -> None:
        self.run(self.channels[by].delete(name))
        self.expected.pop(name, None)

    @rule(name=NAMES, by=st.integers(0, 1))
    def read(self, name: str, by: int) -> None:
        assert self.run(self.channels[by].read(name)) == self.expected.get(name)

    @rule(name=NAMES, tag=tags, by=st.integers(0, 1))
    def read_if_changed(self, name: str, tag: str, by: int) -> None:
        known = self.expected.get(name)
        found = self.run(self.channels[by].read_if_changed(name, tag))
        assert found == (UNCHANGED if known is not None and known.tag == tag else known)

    @rule(prefix=st.sampled_from(("", "status/", "log/a", "none/")), by=st.integers(0, 1))
    def names(self, prefix: str, by: int) -> None:
        known = {name: entry for name, entry in sorted(self.expected.items()) if name.startswith(prefix)}
        assert self.run(self.channels[by].names(prefix)) == tuple(known)
        assert list(self.run(self.channels[1 - by].read_all(prefix)).items()) == list(known.items())


@pytest.mark.parametrize("kind", KINDS)
def test_behaves_as_a_dictionary(kind: str, make_store: MakeStore) -> None:
    machine = type("Machine", (Calls,), {"make_store": staticmethod(make_store), "kind": kind})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES[kind],
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
