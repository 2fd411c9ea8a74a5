"""Declares what the chosen stack's configuration asks for: stacks/Pulumi.<stack>.yaml."""

from pathlib import Path
from typing import cast

import pulumi

from pulumi_etcd import LocalCluster, LocalClusterArgs, configuration

args = cast("LocalClusterArgs", configuration.arguments(pulumi.Config(), LocalClusterArgs))
args["directory"] = str(Path(pulumi.get_root_directory(), args["directory"]))
cluster = LocalCluster(pulumi.get_stack(), args)

pulumi.export("endpoints", cluster.endpoints)
pulumi.export("members", cluster.members)
pulumi.export("caBundle", cluster.ca_bundle)
pulumi.export("clientCredential", cluster.client_credential)
pulumi.export("contextFile", cluster.context_file)
