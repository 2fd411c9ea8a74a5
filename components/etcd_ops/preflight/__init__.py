"""What AWS has to offer before a cluster is declared there: asked, and judged, before anything is created."""
