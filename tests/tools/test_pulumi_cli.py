"""The official release is used where there is one, and never mistaken for our own assembly."""

from __future__ import annotations

from pathlib import Path

import pytest

from etcd_ops.programs import golang
from etcd_ops.programs.cache import Cache
from tests.tools.scripts import write_script
from tools import engine, pulumi_cli


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a build from the Go module would be."""
    write_script(tmp_path / "built" / "pulumi", "echo built")
    monkeypatch.setattr(golang, "obtain", lambda *_: tmp_path / "built")
    return tmp_path / "built"


def install_official(folder: Path, version: str = pulumi_cli.VERSION) -> None:
    write_script(folder / "pulumi", f"echo v{version}")
    write_script(folder / pulumi_cli.LANGUAGE_HOST, "")


def test_official_on_path(clean_path: Path, cache: Cache, built: Path) -> None:
    install_official(clean_path)
    assert pulumi_cli.obtain(cache) == pulumi_cli.Pulumi(clean_path, official=True)


def test_another_version_on_path_is_not_used(clean_path: Path, cache: Cache, built: Path) -> None:
    install_official(clean_path, "3.258.0")
    assert pulumi_cli.obtain(cache) == pulumi_cli.Pulumi(built, official=False)


def test_a_command_without_its_language_host_is_not_used(clean_path: Path, cache: Cache, built: Path) -> None:
    install_official(clean_path)
    (clean_path / pulumi_cli.LANGUAGE_HOST).unlink()
    assert pulumi_cli.obtain(cache) == pulumi_cli.Pulumi(built, official=False)


def test_an_assembly_with_stand_ins_is_not_official(clean_path: Path, cache: Cache, built: Path) -> None:
    install_official(clean_path)
    (clean_path / pulumi_cli.STANDINS_MARKER).touch()
    assert pulumi_cli.obtain(cache) == pulumi_cli.Pulumi(built, official=False)


def test_with_the_official_release_no_stand_in_is_touched(
    clean_path: Path, cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_official(clean_path)
    home, private = tmp_path / "home", tmp_path / "private-bin"
    plugins = [
        home / "plugins" / f"resource-{name}-v{engine.plugin_version(name)}" / f"pulumi-resource-{name}"
        for name in engine.PLUGINS
    ]
    write_script(
        clean_path / "pulumi",
        f'case "$1" in version) echo v{pulumi_cli.VERSION} ;; plugin) '
        f"into={home}/plugins/resource-$4-v$5; mkdir -p $into; echo official > $into/pulumi-resource-$4 ;; esac",
    )
    monkeypatch.setattr(engine, "HOME", home)
    monkeypatch.setattr(engine, "BIN", private)
    prepared = engine.prepare(Cache.of_user())
    assert prepared.pulumi == clean_path / "pulumi"
    assert [plugin.read_text() for plugin in plugins] == ["official\n"] * len(engine.PLUGINS)
    assert not private.exists()


def test_the_assembly_follows_the_build(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BIN", tmp_path / "assembly")
    first = engine._assemble(built / "pulumi")
    assert first.read_text() == "#!/bin/sh\necho built\n"
    other = write_script(tmp_path / "other" / "pulumi", "echo other")
    assert engine._assemble(other).read_text() == "#!/bin/sh\necho other\n"
