"""What can go wrong with a directory, and what must not."""

from __future__ import annotations

import asyncio
import fcntl
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.channel.directory import DirectoryChannel
from etcd_ops.channel.folder import LOCK_FILE, TEMPORARY
from etcd_ops.channel.port import ChannelUnavailable, Conflict, Entry, OutcomeUnknown
from tests.channel.stores import run

NAME = "lock.json"
ORDINARY_USER = 12345


CALLS: dict[str, Callable[[DirectoryChannel], Coroutine[Any, Any, object]]] = {
    "read": lambda channel: channel.read(NAME),
    "read_if_changed": lambda channel: channel.read_if_changed(NAME, "tag"),
    "create": lambda channel: channel.create(NAME, b"{}"),
    "replace": lambda channel: channel.replace(NAME, b"{}", "tag"),
    "put": lambda channel: channel.put(NAME, b"{}"),
    "names": lambda channel: channel.names(""),
    "read_all": lambda channel: channel.read_all(""),
    "delete": lambda channel: channel.delete(NAME),
}


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def leftovers(directory: Path) -> list[Path]:
    return list(directory.glob(f"{TEMPORARY}*"))


@pytest.mark.parametrize("call", CALLS)
def test_a_missing_directory_is_unavailable_and_never_made(call: str, tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(ChannelUnavailable, match=r"missing: No such file or directory; deploy the cluster's store"):
        run(CALLS[call](DirectoryChannel(missing)))
    assert not missing.exists()


def test_a_file_in_the_directorys_place_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ChannelUnavailable, match="Not a directory"):
        run(DirectoryChannel(tmp_path / "file").read(NAME))


def test_a_directory_that_goes_away_while_it_is_read_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / "channel"
    directory.mkdir()
    for call in ("read", "names", "delete"):
        directory.mkdir(exist_ok=True)
        with monkeypatch.context() as patch:
            meanwhile(patch, "open", lambda: shutil.rmtree(directory, ignore_errors=True), NAME, LOCK_FILE, ".")
            with pytest.raises(ChannelUnavailable, match="No such file or directory"):
                run(CALLS[call](DirectoryChannel(directory)))


@pytest.mark.parametrize("call", ["create", "replace", "put", "delete"])
def test_never_writes_into_another_directory_than_it_locked(call: str, tmp_path: Path) -> None:
    directory, aside = tmp_path / "channel", tmp_path / "aside"
    directory.mkdir()
    tag = "" if call == "create" else run(DirectoryChannel(directory).create(NAME, b"old"))
    channel = DirectoryChannel(directory, sleep=swap_and_free(directory, aside))
    with pytest.raises(ChannelUnavailable, match="the directory was replaced"):
        run(channel.replace(NAME, b"new", tag) if call == "replace" else CALLS[call](channel))
    assert list(directory.iterdir()) == []
    assert leftovers(aside) == []
    entry = run(DirectoryChannel(aside).read(NAME))
    assert entry == (None if call == "create" else Entry(b"old", tag))


def swap_and_free(directory: Path, aside: Path) -> Callable[[float], Coroutine[Any, Any, None]]:
    """Hold the lock; at the first wait, put another directory in the place of `directory` and free the lock."""
    lock = (directory / LOCK_FILE).open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)

    def swap() -> None:
        if not aside.exists():
            directory.rename(aside)
            directory.mkdir()
            lock.close()

    async def sleep(_seconds: float) -> None:
        swap()

    return sleep


def test_a_lock_held_too_long_is_unavailable_and_blocks_nobody_else(tmp_path: Path) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    channel = DirectoryChannel(tmp_path, sleep=sleep, patience=2.0)
    run(channel.create(NAME, b"old"))
    with (tmp_path / LOCK_FILE).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for call in ("create", "replace", "put", "delete"):
            slept.clear()
            with pytest.raises(ChannelUnavailable, match=r"\.lock has been locked for 2\.0 s") as caught:
                run(CALLS[call](channel))
            assert not isinstance(caught.value, OutcomeUnknown)
            assert 2.0 <= sum(slept) < 2.1
            assert max(slept) <= 0.05, "the event loop was not let go for long"
        entry = run(channel.read(NAME))
        assert entry is not None
        assert entry.data == b"old"
    assert leftovers(tmp_path) == []
    run(channel.replace(NAME, b"new", entry.tag))


def test_writers_in_one_process_wait_for_each_other(tmp_path: Path) -> None:
    channels = [DirectoryChannel(tmp_path) for _ in range(20)]

    async def create_at_once() -> list[object]:
        calls = [channel.create(NAME, str(number).encode()) for number, channel in enumerate(channels)]
        return await asyncio.gather(*calls, return_exceptions=True)

    outcomes = run(create_at_once())
    assert sum(isinstance(outcome, str) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 19


def test_a_cancelled_writer_leaves_nothing(tmp_path: Path) -> None:
    async def cancel_while_waiting() -> None:
        waiting = asyncio.Event()

        async def sleep(_seconds: float) -> None:
            waiting.set()
            await asyncio.Event().wait()

        with (tmp_path / LOCK_FILE).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            write = asyncio.create_task(DirectoryChannel(tmp_path, sleep=sleep).create(NAME, b"{}"))
            await waiting.wait()
            write.cancel()
            with pytest.raises(asyncio.CancelledError):
                await write

    descriptors = open_descriptors()
    run(cancel_while_waiting())
    assert [path.name for path in tmp_path.iterdir()] == [LOCK_FILE]
    assert open_descriptors() == descriptors


def test_no_call_leaves_a_descriptor_open(tmp_path: Path) -> None:
    channel = DirectoryChannel(tmp_path)
    descriptors = open_descriptors()
    tag = run(channel.create(NAME, b"{}"))
    for _ in range(5):
        with pytest.raises(Conflict):
            run(channel.create(NAME, b"{}"))
        tag = run(channel.replace(NAME, b"{}", tag))
        run(channel.read(NAME))
        run(channel.names(""))
        run(channel.delete("status/a.json"))
        run(channel.put("status/a.json", b"{}"))
    assert open_descriptors() == descriptors


@pytest.mark.parametrize("made_again", [False, True])
def test_a_deleted_lock_file_excludes_others_again(
    made_again: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever locked the file that was deleted must notice, or two writers would hold a lock each."""
    channel = DirectoryChannel(tmp_path, patience=0.0)
    run(channel.create(NAME, b"{}"))
    lock_file = tmp_path / LOCK_FILE

    def delete() -> None:
        lock_file.unlink()
        if made_again:
            lock_file.touch()

    with monkeypatch.context() as patch:
        meanwhile(patch, "open", delete, LOCK_FILE)
        with pytest.raises(ChannelUnavailable, match="locked"):
            run(channel.put(NAME, b"{}"))
    run(channel.put(NAME, b"{}"))


def test_objects_are_on_disk_before_they_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def record(function: str) -> None:
        real = getattr(os, function)

        def recording(*arguments: Any, **options: Any) -> Any:
            subject = arguments[0]
            done.append(f"{function} {what(subject)}")
            return real(*arguments, **options)

        monkeypatch.setattr(os, function, recording)

    def what(subject: Any) -> str:
        path = Path(f"/proc/self/fd/{subject}").readlink() if isinstance(subject, int) else Path(subject)
        return TEMPORARY if path.name.startswith(TEMPORARY) else path.name

    for function in ("fsync", "rename", "mkdir"):
        record(function)
    run(DirectoryChannel(tmp_path).put("status/a.json", b"{}"))
    assert done == [
        "mkdir status",
        f"fsync {tmp_path.name}",
        f"fsync {TEMPORARY}",
        f"rename {TEMPORARY}",
        "fsync status",
    ]


@pytest.mark.parametrize("function", ["rename", "fsync"])
def test_a_failure_once_the_object_may_be_there_leaves_the_outcome_unknown(
    function: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = DirectoryChannel(tmp_path)
    tag = run(channel.create(NAME, b"old"))
    real = getattr(os, function)

    def fail(subject: Any, *arguments: Any, **options: Any) -> Any:
        if isinstance(subject, int) and not Path(f"/proc/self/fd/{subject}").is_dir():
            return real(subject, *arguments, **options)
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, function, fail)
        with pytest.raises(OutcomeUnknown, match="Input/output error"):
            run(channel.replace(NAME, b"new", tag))
    assert leftovers(tmp_path) == []


def test_a_file_that_cannot_be_discarded_does_not_hide_the_outcome(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = DirectoryChannel(tmp_path)

    def fail(*arguments: Any, **options: Any) -> Any:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "rename", fail)
    monkeypatch.setattr(os, "unlink", fail)
    with pytest.raises(OutcomeUnknown):
        run(channel.create(NAME, b"new"))


@pytest.fixture
def open_directory(tmp_path: Path) -> Iterator[Path]:
    """A directory that an ordinary user can reach; pytest's own are closed to others."""
    directory = Path("/tmp") / f"channel-{os.getpid()}"
    directory.mkdir(mode=0o755)
    yield directory
    shutil.rmtree(directory)


def as_ordinary_user(action: Callable[[], None]) -> None:
    """Do it in a process of an ordinary user, who cannot override permissions as root can.

    Forked, because an ordinary user may not be able to start this interpreter.
    """
    child = os.fork()
    if child == 0:
        try:
            if os.getuid() == 0:
                os.setgid(ORDINARY_USER)
                os.setuid(ORDINARY_USER)
            action()
        except BaseException as problem:  # noqa: BLE001 - whatever it is, it belongs in the parent's report
            print(f"{type(problem).__name__}: {problem}", file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def test_what_may_not_be_read_is_unavailable(open_directory: Path) -> None:
    run(DirectoryChannel(open_directory).create(NAME, b"{}"))
    (open_directory / NAME).chmod(0)

    def read() -> None:
        for call in ("read", "read_if_changed"):
            with pytest.raises(ChannelUnavailable, match="Permission denied; run as the user who owns it"):
                run(CALLS[call](DirectoryChannel(open_directory)))

    as_ordinary_user(read)


def test_names_that_may_not_be_listed_are_unavailable(open_directory: Path) -> None:
    run(DirectoryChannel(open_directory).put("status/a.json", b"{}"))
    (open_directory / "status").chmod(0)

    def call_all() -> None:
        channel = DirectoryChannel(open_directory)
        for call in (channel.names(""), channel.names("status/"), channel.read("status/a.json")):
            with pytest.raises(ChannelUnavailable, match="Permission denied"):
                run(call)

    as_ordinary_user(call_all)
    (open_directory / "status").chmod(0o755)


def test_a_directory_that_may_not_be_entered_is_unavailable(open_directory: Path) -> None:
    run(DirectoryChannel(open_directory).create(NAME, b"{}"))
    open_directory.chmod(0o600 if os.getuid() == 0 else 0)

    def call_all() -> None:
        for call in CALLS.values():
            with pytest.raises(ChannelUnavailable, match="Permission denied"):
                run(call(DirectoryChannel(open_directory)))

    as_ordinary_user(call_all)
    open_directory.chmod(0o755)


def test_what_may_not_be_written_is_unavailable_and_unchanged(open_directory: Path) -> None:
    run(DirectoryChannel(open_directory).create(NAME, b"old"))
    open_directory.chmod(0o555)

    def write() -> None:
        channel = DirectoryChannel(open_directory)
        entry = run(channel.read(NAME))
        assert entry is not None
        for call in (channel.create("a.json", b""), channel.put(NAME, b""), channel.replace(NAME, b"", entry.tag)):
            with pytest.raises(ChannelUnavailable, match="Permission denied; run as the user who owns it"):
                run(call)
        assert run(channel.read(NAME)) == entry

    as_ordinary_user(write)
    assert not leftovers(open_directory)


def test_an_object_too_large_for_the_process_is_unavailable_and_unchanged(open_directory: Path) -> None:
    open_directory.chmod(0o777)

    def write() -> None:
        channel = DirectoryChannel(open_directory)
        tag = run(channel.create(NAME, b"old"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        with pytest.raises(ChannelUnavailable, match="File too large; raise the process's file size limit"):
            run(channel.replace(NAME, b"x" * 5000, tag))
        assert not leftovers(open_directory)
        run(channel.replace(NAME, b"small", tag))

    as_ordinary_user(write)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    directory = tmp_path / "small"
    directory.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", directory], capture_output=True, text=True, check=False
    )
    if mount.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mount.stderr.strip()}")
    yield directory
    subprocess.run(["umount", directory], check=True)


def test_a_full_disk_is_unavailable_and_changes_nothing(small_disk: Path) -> None:
    channel = DirectoryChannel(small_disk)
    tag = run(channel.create(NAME, b"old"))
    run(channel.put("status/a.json", b"old"))
    entry = run(channel.read(NAME))
    fill = small_disk / "fill"
    with fill.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_bsize)
    for call in (channel.replace(NAME, b"x" * 5000, tag), channel.put("status/a.json", b"x" * 5000)):
        with pytest.raises(ChannelUnavailable, match="No space left on device; free some space") as caught:
            run(call)
        assert not isinstance(caught.value, OutcomeUnknown)
    assert run(channel.read(NAME)) == entry
    assert not leftovers(small_disk)
    fill.unlink()
    run(channel.replace(NAME, b"x" * 5000, tag))


def meanwhile(patch: pytest.MonkeyPatch, function: str, event: Callable[[], object], *subjects: str) -> None:
    """Let `event` happen right before or after `os.function` is called for one of `subjects`, once."""
    real = getattr(os, function)
    happened: list[object] = []

    def interrupted(subject: Any, *arguments: Any, **options: Any) -> Any:
        due = subject in subjects and not happened
        if due and subject != LOCK_FILE:
            happened.append(event())
        result = real(subject, *arguments, **options)
        if due and subject == LOCK_FILE:
            happened.append(event())
        return result

    patch.setattr(os, function, interrupted)
