import * as etcd from "@etcd-ops/etcd";

const PLACEHOLDER = "0000000000000000000000000000000000000000000000000000000000000000";

const orders = new etcd.StatefulSetCluster("orders", {
    namespace: "orders",
    namespaceUid: "0f0e0d0c-0b0a-0908-0706-050403020100",
    kubeconfig: "/home/me/.kube/config",
    context: "production",
    zones: ["eu-west-1a", "eu-west-1b", "eu-west-1c"],
    etcd: { version: "3.6.15", image: `gcr.io/etcd-development/etcd@sha256:${PLACEHOLDER}` },
    agent: { image: `registry.example.com/etcd-ops/agent@sha256:${PLACEHOLDER}` },
    storageClass: "fast-zonal",
    clients: [{ namespaceLabels: { "kubernetes.io/metadata.name": "shop" } }],
    directory: "/home/me/.local/share/etcd/orders",
    protect: { volumes: true, authorities: true },
});

export const endpoints = orders.endpoints;
export const service = orders.service;
export const caBundle = orders.caBundle;
export const clientCredential = orders.clientCredential;
