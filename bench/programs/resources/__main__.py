"""Clusters of resources of AWS that break no rule, as many as BENCH_CLUSTERS says; they need no plugin."""

import json
import os
from pathlib import Path
from typing import Any

import pulumi

GOOD = Path(os.environ["BENCH_RESOURCES"])
"""The folder of the known-good contract and resources."""
CONTRACT = json.loads((GOOD / "good_ec2.json").read_text())
RESOURCES = json.loads((GOOD / "good_resources.json").read_text())


class Resource(pulumi.ComponentResource):
    """A component has whatever type and properties it is given; policies are told of it as of any other resource."""

    def __init__(self, kind: str, name: str, properties: dict[str, Any], options: pulumi.ResourceOptions) -> None:
        super().__init__(kind, name, properties, options)
        self.register_outputs(properties)


for number in range(int(os.environ["BENCH_CLUSTERS"])):
    cluster = Resource(
        "etcd:index:Ec2Cluster", f"c{number}", CONTRACT | {"clusterName": f"c{number}"}, pulumi.ResourceOptions()
    )
    for each in RESOURCES:
        protect = each.get("protect", False)
        options = pulumi.ResourceOptions(parent=cluster, protect=protect)
        Resource(each["type"], f"c{number}-{each['name']}", each["properties"], options)
