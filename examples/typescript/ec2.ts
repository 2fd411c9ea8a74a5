import * as etcd from "@etcd-ops/etcd";

const orders = new etcd.Ec2Cluster("orders", {
    region: "eu-central-1",
    account: "123456789012",
    zones: ["eu-central-1a", "eu-central-1b", "eu-central-1c"],
    image: "ami-0123456789abcdef0",
    instanceType: "m7g.large",
    architecture: "arm64",
    etcd: {
        version: "3.6.15",
        program: {
            path: "/srv/arm64/etcd",
            sha256: "0000000000000000000000000000000000000000000000000000000000000000",
        },
    },
    agent: {
        archive: {
            path: "/srv/arm64/agent.tar.gz",
            sha256: "0000000000000000000000000000000000000000000000000000000000000000",
        },
    },
    network: { cidr: "10.20.0.0/22" },
    directory: "/home/me/.local/share/etcd/orders",
    protect: { volumes: true, authorities: true },
});

export const endpoints = orders.endpoints;
export const caBundle = orders.caBundle;
export const clientCredential = orders.clientCredential;
