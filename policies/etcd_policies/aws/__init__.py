"""What rules need to know of resources of AWS."""
