"""Messages between the processes of a cluster; declarations only, no behaviour.

One module per conversation: `scheduler` (scheduler and master), `executor` (executor and agent),
`agent` (agent and master), `host` (agent and the process that runs its executors), `operator`
(people and tools to master and agent), `files` (reading sandboxes).
"""
