// What the compiler refuses by itself, line by line, and what only the provider can refuse.
import * as etcd from "@etcd-ops/etcd";
import * as pulumi from "@pulumi/pulumi";

export function refusedByTheCompiler(other: etcd.LocalCluster): etcd.LocalCluster[] {
    return [
        // @ts-expect-error: the directory has to be given
        new etcd.LocalCluster("a", {}),
        // @ts-expect-error: there is no such argument
        new etcd.LocalCluster("b", { directory: "/srv/b", sise: 3 }),
        // @ts-expect-error: the size is a number
        new etcd.LocalCluster("c", { directory: "/srv/c", size: "three" }),
        // @ts-expect-error: there is no such setting
        new etcd.LocalCluster("d", { directory: "/srv/d", etcd: { quotaBackendByte: 1 } }),
        // @ts-expect-error: the size is known before anything is made
        new etcd.LocalCluster("e", { directory: "/srv/e", size: other.generation }),
        new etcd.LocalCluster("f", { directory: "/srv/f", size: undefined }),
    ];
}

export function typed(cluster: etcd.LocalCluster): { urls: pulumi.Output<string[]>; key: pulumi.Output<string> } {
    return { urls: cluster.endpoints, key: cluster.clientCredential.keyPem };
}

new etcd.LocalCluster("orders", { directory: "/srv/etcd/orders", size: 4, mode: "asleep" });
