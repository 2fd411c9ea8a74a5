"""The program of the tests on nodes: one StatefulSetCluster from the arguments that a test wrote."""

import json
import os
from pathlib import Path

import pulumi

from pulumi_etcd.stateful_sets.cluster import StatefulSetCluster

arguments = json.loads(Path(os.environ["E2E_ARGUMENTS"]).read_text())
cluster = StatefulSetCluster(arguments["name"], arguments["cluster"])
pulumi.export("endpoints", cluster.endpoints)
pulumi.export("members", cluster.members)
pulumi.export("generation", cluster.generation)
