"""The programs: what each command line starts."""
