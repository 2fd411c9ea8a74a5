module pulumi-etcd.invalid/tools/pause

go 1.23
