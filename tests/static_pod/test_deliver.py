"""What an agent is told is exchanged as a whole, and read by it as what a kubelet mounts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.pod.delivery import Mounts
from etcd_ops.static_pod import deliver
from etcd_ops.static_pod.deliver import exchange

contents = st.dictionaries(st.sampled_from(["a.crt", "a.key", "b.crt", "b.key"]), st.text(max_size=5), min_size=1)


def files(folder: Path) -> dict[str, str]:
    """As whoever opens them by name sees them."""
    return {each.name: each.read_bytes().decode() for each in folder.iterdir() if not each.name.startswith("..")}


@given(st.lists(contents, min_size=1, max_size=4))
def test_there_is_what_was_delivered_last_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, deliveries: list[dict[str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("delivered") / "credentials"
    before: dict[str, str] | None = None
    for each in deliveries:
        assert exchange(folder, each) == (each != before)
        assert not exchange(folder, each)
        assert files(folder) == each
        assert len([found for found in folder.iterdir() if found.is_dir() and not found.is_symlink()]) == 1
        before = each


def test_keys_are_nobody_elses_to_read(tmp_path: Path) -> None:
    exchange(tmp_path / "credentials", {"peer.key": "secret"})
    found = tmp_path / "credentials" / "peer.key"
    assert found.stat().st_mode & 0o777 == 0o600
    assert found.resolve().parent.stat().st_mode & 0o777 == 0o700


def test_who_reads_while_it_changes_sees_one_state(tmp_path: Path) -> None:
    folder = tmp_path / "credentials"
    exchange(folder, {"peer.crt": "old", "peer.key": "old"})
    state = Mounts(folder, folder).state()
    assert files(state[0]) == {"peer.crt": "old", "peer.key": "old"}
    exchange(folder, {"peer.crt": "new", "peer.key": "new"})
    assert Mounts(folder, folder).state() != state


@pytest.mark.parametrize("cut", ["write_new", "rename", "replace_link"])
def test_one_that_is_cut_short_changes_nothing_and_is_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    folder = tmp_path / "credentials"
    old, new = {"peer.crt": "old", "peer.key": "old"}, {"peer.crt": "new", "server.crt": "new"}
    exchange(folder, old)

    def fail(*_: object, **__: object) -> None:
        raise OSError("power lost")

    with monkeypatch.context() as broken:
        broken.setattr(deliver, cut, fail)
        with pytest.raises(OSError, match="power lost"):
            exchange(folder, new)
    assert files(folder) == old
    exchange(folder, new)
    assert files(folder) == new


def test_a_link_that_somebody_turned_elsewhere_is_turned_back(tmp_path: Path) -> None:
    folder = tmp_path / "config"
    exchange(folder, {"agent-config.json": "{}"})
    (folder / "..data").unlink()
    (folder / "..data").symlink_to("/etc")
    assert exchange(folder, {"agent-config.json": "{}"})
    assert files(folder) == {"agent-config.json": "{}"}
