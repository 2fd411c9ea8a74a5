from pathlib import Path

import pulumi

from pulumi_etcd import LocalCluster

cluster = LocalCluster(
    "wheels",
    {
        "directory": str(Path(pulumi.get_root_directory(), "cluster")),
        "addressing": {"network": "127.0.90"},
        "deadline_seconds": 120,
    },
)
pulumi.export("context", cluster.context_file)
