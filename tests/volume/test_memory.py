from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.model.facts import Identity, Memory
from etcd_ops.model.status import Highest
from etcd_ops.volume.directory import DirectoryVolume
from etcd_ops.volume.errors import Damaged, UnreadableMemory
from etcd_ops.volume.memory import decode_memory, encode_memory

COUNT = st.integers(0, 2**63 - 1)
ID = st.integers(1, 2**64 - 1)
MEMORIES = st.builds(
    Memory,
    highest=st.builds(Highest, generation=COUNT, digest=st.text(max_size=8), epoch=COUNT, incarnation=COUNT),
    formation=st.binary(max_size=40),
    desired=st.binary(max_size=40),
    applied_digest=st.text(max_size=8),
    failed_digest=st.text(max_size=8),
    failed_reason=st.text(max_size=20),
    identity=st.none() | st.builds(Identity, ID, ID),
    incarnation=COUNT,
    fence=COUNT,
)
MEMORY = Memory(
    highest=Highest(generation=7, digest="d", epoch=3, incarnation=2),
    formation=b'{"token":"t"}',
    identity=Identity(2**64 - 1, 2**63 + 1),
    fence=2,
)


@given(MEMORIES)
def test_every_memory_is_read_back(memory: Memory) -> None:
    assert decode_memory(encode_memory(memory)) == memory


@given(length=st.integers(0, len(encode_memory(MEMORY)) - 2))
def test_a_cut_memory_is_damaged(length: int) -> None:
    with pytest.raises(Damaged):
        decode_memory(encode_memory(MEMORY)[:length])


@given(position=st.integers(0, len(encode_memory(MEMORY)) - 1), byte=st.integers(0, 255))
def test_a_changed_byte_is_never_another_memory(position: int, byte: int) -> None:
    data = bytearray(encode_memory(MEMORY))
    data[position] = byte
    with suppress(Damaged):
        assert decode_memory(bytes(data)) == MEMORY


@given(st.binary(max_size=80))
def test_garbage_is_damaged(data: bytes) -> None:
    with pytest.raises(Damaged):
        decode_memory(data)


def test_no_memory_is_an_empty_one(tmp_path: Path) -> None:
    assert asyncio.run(DirectoryVolume(tmp_path, "m0", "c").recall()) == Memory()


def test_damaged_memory_is_reported_never_empty(tmp_path: Path) -> None:
    volume = DirectoryVolume(tmp_path, "m0", "c")
    asyncio.run(volume.remember(MEMORY))
    assert asyncio.run(volume.recall()) == MEMORY
    path = tmp_path / "agent" / "memory.json"
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(UnreadableMemory, match=r"memory\.json: it is not JSON"):
        asyncio.run(volume.recall())


WRITER = """
import asyncio, sys
from dataclasses import replace
from pathlib import Path
from etcd_ops.model.facts import Memory
from etcd_ops.volume.directory import DirectoryVolume
async def main():
    volume = DirectoryVolume(Path(sys.argv[1]), "m0", "c")
    memory = Memory(formation=bytes(20000))
    for fence in range(1, 1_000_000):
        await volume.remember(replace(memory, fence=fence))
        print(fence, flush=True)
asyncio.run(main())
"""


def test_a_killed_writer_leaves_the_old_memory_or_the_new_one(tmp_path: Path) -> None:
    volume = DirectoryVolume(tmp_path, "m0", "c")
    for round_ in range(4):
        process = subprocess.Popen([sys.executable, "-c", WRITER, tmp_path], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for _ in range(3):
            process.stdout.readline()
        time.sleep(0.003 * round_)  # where in a write it is killed differs from round to round
        process.send_signal(signal.SIGKILL)
        told = [int(line) for line in process.stdout.read().split()]
        process.wait()
        memory = asyncio.run(volume.recall())
        assert memory.fence >= max(told, default=3)
        assert memory == replace(Memory(formation=bytes(20000)), fence=memory.fence)
