"""`pulumi up` of more and more clusters on an emulated AWS, where stand-in agents answer at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext

from bench import clusters
from bench.figures import Section
from bench.previewing import LONGEST_UP, scale
from bench.remote_previews import emulated_aws, on_emulated_aws
from tests.components.ec2 import ACCOUNT, REGION
from tests.servers.aws import ENVIRONMENT, AwsServer
from tests.standins.running import agents
from tools.engine import Engine

NO_CHECKPOINTS = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}


def measure(engine: Engine) -> Section:
    """Every size begins with an AWS in which nothing is."""
    figures = scale("`pulumi up`", "`pulumi up` of", lambda size: (_up(engine, size), ""), LONGEST_UP)
    return Section("`pulumi up` of Ec2Clusters", tuple(figures), _REMARK)


def _up(engine: Engine, size: int) -> float:
    with clusters.folder() as folder, emulated_aws() as server, _agents(server, size):
        return on_emulated_aws(engine, folder, server, NO_CHECKPOINTS).up(size)


def _agents(server: AwsServer, size: int) -> AbstractContextManager[object]:
    """Stand-ins of all clusters' agents: they ask for one cluster after the other."""
    channels = [_channel(server, f"c{index}") for index in range(size)]
    return agents(*channels, environment={**os.environ, **ENVIRONMENT}) if channels else nullcontext()


def _channel(server: AwsServer, cluster: str) -> Mapping[str, str]:
    return {
        "kind": "s3", "bucket": f"etcd-{cluster}-{ACCOUNT}-{REGION}", "prefix": "channel/", "region": REGION,
        "endpointUrl": server.endpoint, "expectedAccount": ACCOUNT,
    }  # fmt: skip


_REMARK = (
    "On an emulated AWS (moto), in one process, by the stand-in plugin of this repository: what the engine, the "
    "component and the provider take, not what AWS does. No machine boots: stand-in agents answer, for one cluster "
    "after the other. The engine writes its state once, at the end (`PULUMI_SKIP_CHECKPOINTS`): a state in a file is "
    "written whole after every resource, which costs a stack of n resources n times n."
)
