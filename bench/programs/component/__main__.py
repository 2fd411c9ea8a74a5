"""Clusters by a component: what a user writes."""

import json
import os

import pulumi_etcd

component = getattr(pulumi_etcd, os.environ["BENCH_COMPONENT"])
for name, arguments in json.loads(os.environ["BENCH_CLUSTERS"]).items():
    component(name, arguments)
