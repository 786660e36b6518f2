"""Measurements, one file per question. See ``bench/README.md``."""
