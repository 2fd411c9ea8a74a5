"""The entry of the provider plugin `etcd`."""

from pulumi_etcd.provider.server import main

if __name__ == "__main__":
    main()
