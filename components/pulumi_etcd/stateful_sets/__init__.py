"""The StatefulSet platform: a cluster for applications in a Kubernetes namespace, a StatefulSet per member."""
