"""The master: owns the state of the cluster and offers its resources."""
