import etcd_ops_etcd as etcd
import pulumi

PLACEHOLDER = "0000000000000000000000000000000000000000000000000000000000000000"

orders = etcd.StatefulSetCluster(
    "orders",
    namespace="orders",
    namespace_uid="0f0e0d0c-0b0a-0908-0706-050403020100",
    kubeconfig="/home/me/.kube/config",
    context="production",
    zones=["eu-west-1a", "eu-west-1b", "eu-west-1c"],
    etcd={"version": "3.6.15", "image": f"gcr.io/etcd-development/etcd@sha256:{PLACEHOLDER}"},
    agent={"image": f"registry.example.com/etcd-ops/agent@sha256:{PLACEHOLDER}"},
    storage_class="fast-zonal",
    clients=[{"namespace_labels": {"kubernetes.io/metadata.name": "shop"}}],
    directory="/home/me/.local/share/etcd/orders",
    protect={"volumes": True, "authorities": True},
)

pulumi.export("endpoints", orders.endpoints)
pulumi.export("service", orders.service)
pulumi.export("caBundle", orders.ca_bundle)
pulumi.export("clientCredential", orders.client_credential)
