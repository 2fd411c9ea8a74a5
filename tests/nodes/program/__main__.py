"""The program of the tests on nodes: one cluster from the arguments that a test wrote."""

import json
import os
from pathlib import Path

import pulumi

import pulumi_etcd

arguments = json.loads(Path(os.environ["E2E_ARGUMENTS"]).read_text())
component = getattr(pulumi_etcd, os.environ["E2E_COMPONENT"])
cluster = component(arguments["name"], arguments["cluster"])
pulumi.export("endpoints", cluster.endpoints)
pulumi.export("members", cluster.members)
pulumi.export("generation", cluster.generation)
