"""The program of the end-to-end tests: one LocalCluster from the arguments that a test wrote."""

import json
import os
from pathlib import Path

import pulumi

from pulumi_etcd import LocalCluster

arguments = json.loads(Path(os.environ["E2E_ARGUMENTS"]).read_text())
cluster = LocalCluster(arguments["name"], arguments["cluster"])
pulumi.export("endpoints", cluster.endpoints)
pulumi.export("members", cluster.members)
pulumi.export("generation", cluster.generation)
