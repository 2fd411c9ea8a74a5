"""Tests of `etcd_ops.runtime`."""
