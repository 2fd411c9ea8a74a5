import etcd_ops_etcd as etcd
import pulumi

PLACEHOLDER = "0000000000000000000000000000000000000000000000000000000000000000"

orders = etcd.Ec2Cluster(
    "orders",
    region="eu-central-1",
    account="123456789012",
    zones=["eu-central-1a", "eu-central-1b", "eu-central-1c"],
    image="ami-0123456789abcdef0",
    instance_type="m7g.large",
    architecture="arm64",
    etcd={"version": "3.6.15", "program": {"path": "/srv/arm64/etcd", "sha256": PLACEHOLDER}},
    agent={"archive": {"path": "/srv/arm64/agent.tar.gz", "sha256": PLACEHOLDER}},
    network={"cidr": "10.20.0.0/22"},
    directory="/home/me/.local/share/etcd/orders",
    protect={"volumes": True, "authorities": True},
)

pulumi.export("endpoints", orders.endpoints)
pulumi.export("caBundle", orders.ca_bundle)
pulumi.export("clientCredential", orders.client_credential)
