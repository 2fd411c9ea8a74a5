"""Declares what the chosen stack's configuration asks for: stacks/Pulumi.<stack>.yaml."""

from pathlib import Path

import pulumi

from pulumi_etcd import LocalCluster, LocalClusterArgs

config = pulumi.Config()


def local_cluster() -> LocalCluster:
    """The cluster on this machine; what its configuration leaves out keeps its default."""
    args: LocalClusterArgs = {"directory": str(Path(pulumi.get_root_directory(), config.require("directory")))}
    if environment := config.get("environment"):
        args["environment"] = environment
    if zones := config.get_object("zones"):
        args["zones"] = zones
    if size := config.get_int("size"):
        args["size"] = size
    if volume_bytes := config.get_int("volumeBytes"):
        args["volume_bytes"] = volume_bytes
    if version := config.get("version"):
        args["etcd"] = {"version": version}
    if quota := config.get_int("quotaBackendBytes"):
        args.setdefault("etcd", {})["quota_backend_bytes"] = quota
    return LocalCluster(pulumi.get_stack(), args)


cluster = local_cluster()
pulumi.export("endpoints", cluster.endpoints)
pulumi.export("members", cluster.members)
pulumi.export("caBundle", cluster.ca_bundle)
pulumi.export("clientCredential", cluster.client_credential)
pulumi.export("context", cluster.context_file)
