from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from etcd_ops.volume.durable import PARTIAL, make_directory, remove_file, replace_link, write_file


def test_content_and_then_entry_are_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a crash may not undo: first the content, then the name, then the folder that holds the name."""
    events: list[str] = []
    sync, replace = os.fsync, Path.replace

    def noted_sync(descriptor: int) -> None:
        events.append("folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "content")  # noqa: PTH112
        sync(descriptor)

    def noted_replace(self: Path, target: Path) -> Path:
        events.append("name")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", noted_sync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    write_file(tmp_path / "file", b"new")
    assert events == ["content", "name", "folder"]
    events.clear()
    write_file(tmp_path / "file", b"newer", confirm=lambda: events.append("confirmed"))
    assert events == ["content", "confirmed", "name", "folder"]


def test_replaces_and_keeps_to_the_owner(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_file(path, b"one")
    write_file(path, b"two")
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_what_is_not_confirmed_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_file(path, b"old")

    def late() -> None:
        raise OSError("too late")

    with pytest.raises(OSError, match="too late"):
        write_file(path, b"new", confirm=late)
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


WRITE = """
import resource, signal, sys
from pathlib import Path
from etcd_ops.volume.durable import write_file
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_file(Path(sys.argv[1]), bytes(5000))
except OSError as problem:
    print(problem)
"""


def test_a_write_that_fails_half_way_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_file(path, b"old")
    answer = subprocess.run([sys.executable, "-c", WRITE, path], capture_output=True, text=True, check=True)
    assert "File too large" in answer.stdout
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


FILL = """
import sys
from pathlib import Path
from etcd_ops.volume.durable import write_file
folder = Path(sys.argv[1])
write_file(folder / "file", b"old")
try:
    write_file(folder / "file", bytes(1 << 20))
except OSError as problem:
    print(problem.errno, (folder / "file").read_bytes(), [entry.name for entry in folder.iterdir()])
"""


def test_a_full_disk_changes_nothing(tmp_path: Path) -> None:
    """On a real file system of 64 KiB, in a mount namespace that ends with the command."""
    script = 'mount -t tmpfs -o size=64k none "$1" && exec "$2" -c "$3" "$1"'
    user = [] if os.getuid() == 0 else ["--user", "--map-root-user"]
    answer = subprocess.run(
        ["unshare", *user, "--mount", "sh", "-c", script, "sh", tmp_path, sys.executable, FILL],
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare:" in answer.stderr or "mount:" in answer.stderr:
        pytest.skip(f"no private mounts for this user here: {answer.stderr.strip()}")
    assert answer.stdout.strip() == "28 b'old' ['file']", answer.stderr


def test_links_are_replaced_in_one_step(tmp_path: Path) -> None:
    replace_link(tmp_path / "link", "one")
    replace_link(tmp_path / "link", "two")
    assert os.readlink(tmp_path / "link") == "two"  # noqa: PTH115
    assert [entry.name for entry in tmp_path.iterdir()] == ["link"]


def test_folders_are_made_with_their_parents(tmp_path: Path) -> None:
    make_directory(tmp_path / "a" / "b")
    make_directory(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


def test_removing_what_is_gone_is_fine(tmp_path: Path) -> None:
    write_file(tmp_path / "file", b"")
    remove_file(tmp_path / "file")
    remove_file(tmp_path / "file")
    assert not any(entry.name.endswith(PARTIAL) for entry in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("mode", "own_group", "file_mode", "folder_mode"),
    [(0o2750, False, 0o640, 0o2750), (0o2750, True, 0o600, 0o2700), (0o750, True, 0o600, 0o700)],
    ids=["shared with another group", "of a pod's volume", "not shared"],
)
def test_in_a_folder_that_is_shared_with_another_group_that_may_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, own_group: bool, file_mode: int, folder_mode: int
) -> None:
    """etcd runs there as another user than the agent, who writes; elsewhere nobody else may read anything."""
    group = tmp_path.stat().st_gid
    monkeypatch.setattr(os, "getegid", lambda: group if own_group else group + 1)
    before = os.umask(0o027)
    try:
        root = tmp_path / "root"
        root.mkdir()
        root.chmod(mode)
        make_directory(root / "folder")
        write_file(root / "folder" / "file", b"x")
        assert (root / "folder" / "file").stat().st_mode & 0o777 == file_mode
        assert (root / "folder").stat().st_mode & 0o7777 == folder_mode
    finally:
        os.umask(before)
