"""What a master answers to each call of the operator API, and tells in each event, as JSON."""
