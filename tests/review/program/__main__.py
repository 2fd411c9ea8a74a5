"""A cluster of plain resources below a component, from a declaration that a test wrote: what a platform would place."""

import json
import os
from pathlib import Path
from typing import Any

import pulumi

from pulumi_etcd import Rollout

declared = json.loads(Path(os.environ["REVIEW_DECLARATION"]).read_text())


class Placed(pulumi.CustomResource):
    """A resource of any type, with the one output that others are computed from."""

    arn: pulumi.Output[str]


def placed(parent: pulumi.Resource) -> list[pulumi.Resource]:
    """The resources, each after those that it computes an input from."""
    made: dict[str, Placed] = {}
    for name, each in declared["resources"].items():
        inputs = {**each["inputs"], "arn": None}
        inputs |= {key: made[source].arn for key, source in each.get("computed", {}).items()}
        options = pulumi.ResourceOptions(
            parent=parent, protect=each.get("protect", False), retain_on_delete=each.get("retain", False),
            depends_on=[made[other] for other in each.get("after", [])],
            delete_before_replace=each.get("deleteBeforeReplace"),
        )  # fmt: skip
        made[name] = Placed(each["type"], name, inputs, options)
    return list(made.values())


class Cluster(pulumi.ComponentResource):
    """Stands where a platform's component does."""

    def __init__(self, name: str, contract: dict[str, Any]) -> None:
        """Place everything, and declare the cluster."""
        super().__init__(declared["component"], name, contract)
        everything = placed(self)
        Rollout(name, declared["rollout"], pulumi.ResourceOptions(parent=self, depends_on=everything))
        self.register_outputs({})


if declared["name"]:
    Cluster(declared["name"], {"clusterName": declared["name"]})
