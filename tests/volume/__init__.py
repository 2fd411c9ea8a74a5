"""Tests of `etcd_ops.volume`."""
