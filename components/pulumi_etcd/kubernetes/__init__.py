"""What clusters on Kubernetes have in common, whatever makes their pods."""
