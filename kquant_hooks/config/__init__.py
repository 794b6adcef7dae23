"""What ``.kquant.yaml`` says."""
