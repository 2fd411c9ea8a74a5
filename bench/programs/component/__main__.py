"""Clusters by the component: what a user writes."""

import json
import os
from typing import cast

from pulumi_etcd import LocalCluster, LocalClusterArgs

for name, arguments in json.loads(os.environ["BENCH_CLUSTERS"]).items():
    LocalCluster(name, cast("LocalClusterArgs", arguments))
