"""The tools start on a machine that has Python and nothing else."""

from __future__ import annotations

import subprocess
import sys

from tools import ROOT


def test_the_tools_need_no_package() -> None:
    imports = "import tools.__main__, tools.local_stack, etcd_ops.programs.etcd"
    command = [sys.executable, "-S", "-E", "-c", f"import sys; sys.path.insert(0, '{ROOT}'); {imports}"]
    subprocess.run(command, check=True, cwd="/")


def test_usage() -> None:
    command = [sys.executable, "-m", "tools"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "{setup,up,down,up-kubernetes,down-kubernetes,env,image,release,artifacts,path}" in done.stderr
