"""The v1 HTTP APIs as values: calls, events and answers, their JSON and protobuf forms, and translations.

Pure: nothing here knows HTTP, time or actors.  `scheduler`, `executor`, `master` and `agent` hold the types
of one API each; they have the same names, so import the room or its names where they are needed.
"""
