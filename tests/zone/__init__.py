"""Tests of `etcd_ops.zone`, against real supervisords."""
