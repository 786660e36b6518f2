"""Starting and ending the processes of containers."""
