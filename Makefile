# `make demo` and `make test` set everything up by themselves; they need Python 3.11 or newer.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
JOBS ?= auto

.PHONY: demo test lint types unit bench clean help

help:
	@echo "make demo    run the demonstration: a cluster of processes on this host, under 30 s"
	@echo "make test    format, lint, types and all tests"
	@echo "make bench   every benchmark at its smallest size"
	@echo "make clean   remove the virtual environment and caches"

$(VENV)/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; try: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) 'setuptools>=77' wheel
	PYTHONPATH='$(CURDIR)/tests/install' $(PIP) --use-pep517 --no-build-isolation --no-deps http-parser
	$(PIP) --editable '.[test]'
	@touch $@

demo: $(VENV)/installed
	$(BIN)/mesos-demo

test: lint types unit

lint: $(VENV)/installed
	$(BIN)/ruff format --check actors cluster tests bench
	$(BIN)/ruff check actors cluster tests bench

types: $(VENV)/installed
	$(BIN)/mypy

# Daemons are started hundreds of times here, so their bytecode is kept, whatever the environment says.
unit: export PYTHONDONTWRITEBYTECODE =
# The tests of a file share what takes long to build; the files that take longest begin (tests/conftest.py).
unit: $(VENV)/installed
	$(BIN)/python -m pytest -n $(JOBS) --dist=loadfile --no-loadscope-reorder tests

bench: $(VENV)/installed
	@set -e; for file in bench/*.py; do \
	  grep -q -e '"--smallest"' $$file || continue; \
	  echo "== $$file"; $(BIN)/python -m bench.$$(basename $$file .py) --smallest; \
	done

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
