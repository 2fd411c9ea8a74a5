"""`python -m etcd_ops`: the command `etcd-ops`."""

from etcd_ops.cli import main

if __name__ == "__main__":
    main()
