"""Scripts with the outcome they must have."""
