"""`pulumi up` of more and more clusters on an emulated AWS, where stand-in agents answer at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from bench import clusters
from bench.figures import Figure, Section, seconds, times
from bench.limits import TookTooLong
from bench.previewing import LONGEST_UP
from bench.remote_previews import emulated_aws, on_emulated_aws
from tests.components.ec2 import ACCOUNT, REGION
from tests.servers.aws import ENVIRONMENT, AwsServer
from tools import ROOT
from tools.engine import Engine

SIZES = (1, 10, 100)
NO_CHECKPOINTS = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
LINEAR_AIM = 1.3
"""What a cluster may take among many, against what it takes among few; what any command takes is taken off before."""


def measure(engine: Engine) -> Section:
    """Every size begins with an AWS in which nothing is."""
    took: dict[int, float] = {}
    for size in (0, *SIZES):
        with suppress(TookTooLong):
            took[size] = _up(engine, size)
    return Section("`pulumi up` of Ec2Clusters", tuple(_figures(took)), _REMARK)


def _up(engine: Engine, size: int) -> float:
    with clusters.folder() as folder, emulated_aws() as server, _agents(server, size):
        return on_emulated_aws(engine, folder, server, NO_CHECKPOINTS).up(size)


@contextmanager
def _agents(server: AwsServer, size: int) -> Iterator[None]:
    """Stand-ins of all clusters' agents: they ask for one cluster after the other."""
    channels = [json.dumps(_channel(server, f"c{index}")) for index in range(size)]
    if not channels:
        yield
        return
    command, variables = [sys.executable, "-m", "tests.standins.agents", *channels], {**os.environ, **ENVIRONMENT}
    process = subprocess.Popen(command, cwd=ROOT, env=variables, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _channel(server: AwsServer, cluster: str) -> Mapping[str, str]:
    return {
        "kind": "s3", "bucket": f"etcd-{cluster}-{ACCOUNT}-{REGION}", "prefix": "channel/", "region": REGION,
        "endpointUrl": server.endpoint, "expectedAccount": ACCOUNT,
    }  # fmt: skip


def _figures(took: Mapping[int, float]) -> Iterator[Figure]:
    yield Figure("`pulumi up` of nothing", seconds(took[0]))
    for size in SIZES:
        what = f"`pulumi up` of {size} cluster{'s' if size > 1 else ''}"
        if size not in took:
            yield Figure(what, f"more than {seconds(LONGEST_UP)}", met=False)
            return
        yield Figure(what, seconds(took[size]))
    few, many = ((took[size] - took[0]) / size for size in SIZES[1:])
    what = f"each of {SIZES[-1]} clusters, beyond that of nothing"
    against, aim = f"{seconds(few)}: each of {SIZES[1]}", f"linear: at most {LINEAR_AIM}x"
    yield Figure(what, seconds(many), against, times(many / few), aim, many <= LINEAR_AIM * few)


_REMARK = (
    "On an emulated AWS (moto), in one process, by the stand-in plugin of this repository: what the engine, the "
    "component and the provider take, not what AWS does. No machine boots: stand-in agents answer, for one cluster "
    "after the other. The engine writes its state once, at the end (`PULUMI_SKIP_CHECKPOINTS`): a state in a file is "
    "written whole after every resource, which costs a stack of n resources n times n."
)
