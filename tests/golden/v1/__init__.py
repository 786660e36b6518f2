"""One file of JSON for each type of each message of the v1 APIs, as the original writes it."""
