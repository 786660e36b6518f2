"""The version that daemons tell each other and people."""

VERSION = "0.1.0"

#: The version of the protocols spoken, by which tools of the original recognise features.
PROTOCOL_VERSION = "1.11.0"
