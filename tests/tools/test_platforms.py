"""What is told where this machine cannot have nodes or machines: never silently less."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from etcd_ops.programs.cache import Cache
from etcd_ops.programs.progress import ObtainError
from tools import debian, go_programs, local_stack, machine_tree, nodes
from tools.stacks import CommandError


def test_without_root_it_is_told_what_is_left_out_and_what_is_tested_all_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], cache: Cache
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    local_stack.obtain_platforms(cache)
    told = capsys.readouterr().err
    assert "NO KUBERNETES NODES AND NO MACHINES HERE: they need root" in told
    assert local_stack.INSTEAD in told


@pytest.mark.parametrize("lacking", [True, False])
def test_root_without_the_nodes_programs_is_told_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], cache: Cache, *, lacking: bool
) -> None:
    def nowhere(*_: object) -> Path:
        if lacking:
            raise ObtainError("no Debian 12")
        return Path()

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(go_programs, "obtain", lambda *_: Path())
    monkeypatch.setattr(debian, "obtain", nowhere)
    monkeypatch.setattr(machine_tree, "obtain", nowhere)
    monkeypatch.setattr(nodes, "check", lambda: None)
    local_stack.obtain_platforms(cache)
    told = capsys.readouterr().err
    assert ("NO KUBERNETES NODES HERE: no Debian 12" in told) is lacking
    assert ("NO MACHINES HERE: no Debian 12" in told) is lacking
    assert (local_stack.INSTEAD in told) is lacking


def test_root_whose_machine_cannot_run_nodes_is_told_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], cache: Cache
) -> None:
    def refuse() -> None:
        raise CommandError("Kubernetes nodes cannot be brought up here", 2)

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    for module in (go_programs, debian, machine_tree):
        monkeypatch.setattr(module, "obtain", lambda *_: Path())
    monkeypatch.setattr(nodes, "check", refuse)
    local_stack.obtain_platforms(cache)
    told = capsys.readouterr().err
    assert "NO KUBERNETES NODES HERE: Kubernetes nodes cannot be brought up here" in told
    assert local_stack.INSTEAD in told


def test_what_runs_without_root_is_built_for_every_test_run() -> None:
    assert {"kubeadm", "kubernetes", "kwok"} <= set(go_programs.names()) - set(go_programs.OF_NODES)
