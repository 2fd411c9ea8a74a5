import etcd_ops_etcd as etcd
import pulumi

PLACEHOLDER = "0000000000000000000000000000000000000000000000000000000000000000"

orders = etcd.StaticPodCluster(
    "orders",
    namespace="etcd-orders",
    namespace_uid="0f0e0d0c-0b0a-0908-0706-050403020100",
    kubeconfig="/home/me/.kube/config",
    context="management",
    slots={
        "eu-west-1a-1": {"zone": "eu-west-1a", "node": "etcd-a", "address": "10.0.1.10"},
        "eu-west-1b-1": {"zone": "eu-west-1b", "node": "etcd-b", "address": "10.0.2.10"},
        "eu-west-1c-1": {"zone": "eu-west-1c", "node": "etcd-c", "address": "10.0.3.10"},
    },
    etcd={"version": "3.6.15", "image": f"gcr.io/etcd-development/etcd@sha256:{PLACEHOLDER}"},
    agent={"image": f"registry.example.com/etcd-ops/agent@sha256:{PLACEHOLDER}"},
    directory="/home/me/.local/share/etcd/orders",
    protect={"volumes": True, "authorities": True},
)

pulumi.export("endpoints", orders.endpoints)
pulumi.export("caBundle", orders.ca_bundle)
pulumi.export("clientCredential", orders.client_credential)
