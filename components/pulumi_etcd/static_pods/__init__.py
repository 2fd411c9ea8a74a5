"""The static pod platform: a cluster on chosen nodes, whose members the kubelets run without an API server."""
