"""What an agent without an API server is told, in folders on its node that are exchanged as a whole.

Each is laid out as a kubelet lays out what it mounts (kubelet's atomic writer, pkg/volume/util/atomic_writer.go), so
that an agent reads both alike: `..data` leads to the content, and every file is a link through it.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from etcd_ops.model.document import canonical, digest
from etcd_ops.pod.delivery import DATA
from etcd_ops.volume.durable import make_directory, remove_file, rename, replace_link, write_new

_CONTENT = "..content-"
_DIGITS = 16


def exchange(folder: Path, files: Mapping[str, str]) -> bool:
    """Let a folder have these files and no others, all at once; whether it had others. Idempotent.

    Args:
        folder: made if missing.
        files: content by name.

    Raises:
        OSError: it still has what it had.
    """
    content = f"{_CONTENT}{digest(canonical(dict(files)))[:_DIGITS]}"
    link = folder / DATA
    changed = not link.is_symlink() or str(link.readlink()) != content
    if changed:
        make_directory(folder)
        _write(folder / content, files)
        replace_link(link, content)
    for name in files:
        if not (folder / name).is_symlink():
            replace_link(folder / name, f"{DATA}/{name}")
    _tidy(folder, content, files)
    return changed


def _write(content: Path, files: Mapping[str, str]) -> None:
    """Under its name only once it is complete."""
    unfinished = content.with_name(f"{content.name}.partial")
    for each in (content, unfinished):
        shutil.rmtree(each, ignore_errors=True)
    make_directory(unfinished)
    for name, text in files.items():
        write_new(unfinished / name, text.encode())
    rename(unfinished, content)


def _tidy(folder: Path, content: str, files: Mapping[str, str]) -> None:
    """Files that are not meant any more, and contents before this one."""
    for each in folder.iterdir():
        if each.is_symlink() and each.name not in (DATA, *files):
            remove_file(each)
        elif each.is_dir() and not each.is_symlink() and each.name != content:
            shutil.rmtree(each)
