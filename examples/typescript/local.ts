import * as etcd from "@etcd-ops/etcd";

const orders = new etcd.LocalCluster("orders", {
    directory: "/srv/etcd/orders",
    zones: ["a", "b", "c"],
    size: 3,
    etcd: { version: "3.6.15", quotaBackendBytes: 2 * 1024 ** 3 },
});

export const endpoints = orders.endpoints;
export const caBundle = orders.caBundle;
export const clientCredential = orders.clientCredential;
export const contextFile = orders.contextFile;
