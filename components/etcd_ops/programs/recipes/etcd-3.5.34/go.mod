module pulumi-etcd.invalid/programs/etcd

go 1.26

require (
	go.etcd.io/etcd/api/v3 v3.5.34
	go.etcd.io/etcd/client/pkg/v3 v3.5.34
	go.etcd.io/etcd/client/v3 v3.5.34
	go.etcd.io/etcd/etcdctl/v3 v3.5.34
	go.etcd.io/etcd/etcdutl/v3 v3.5.34
	go.etcd.io/etcd/pkg/v3 v3.5.34
	go.etcd.io/etcd/server/v3 v3.5.34
)
