module pulumi-etcd.invalid/tools/install-program

go 1.23
