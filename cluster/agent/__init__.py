"""The agent: offers the resources of a host and runs executors on it."""
