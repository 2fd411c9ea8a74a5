import etcd_ops_etcd as etcd
import pulumi

orders = etcd.LocalCluster(
    "orders",
    directory="/srv/etcd/orders",
    zones=["a", "b", "c"],
    size=3,
    etcd={"version": "3.6.15", "quota_backend_bytes": 2 * 1024**3},
)

pulumi.export("endpoints", orders.endpoints)
pulumi.export("caBundle", orders.ca_bundle)
pulumi.export("clientCredential", orders.client_credential)
pulumi.export("contextFile", orders.context_file)
