import * as etcd from "@etcd-ops/etcd";

const PLACEHOLDER = "0000000000000000000000000000000000000000000000000000000000000000";

const orders = new etcd.StaticPodCluster("orders", {
    namespace: "etcd-orders",
    namespaceUid: "0f0e0d0c-0b0a-0908-0706-050403020100",
    kubeconfig: "/home/me/.kube/config",
    context: "management",
    slots: {
        "eu-west-1a-1": { zone: "eu-west-1a", node: "etcd-a", address: "10.0.1.10" },
        "eu-west-1b-1": { zone: "eu-west-1b", node: "etcd-b", address: "10.0.2.10" },
        "eu-west-1c-1": { zone: "eu-west-1c", node: "etcd-c", address: "10.0.3.10" },
    },
    etcd: { version: "3.6.15", image: `gcr.io/etcd-development/etcd@sha256:${PLACEHOLDER}` },
    agent: { image: `registry.example.com/etcd-ops/agent@sha256:${PLACEHOLDER}` },
    directory: "/home/me/.local/share/etcd/orders",
    protect: { volumes: true, authorities: true },
});

export const endpoints = orders.endpoints;
export const caBundle = orders.caBundle;
export const clientCredential = orders.clientCredential;
