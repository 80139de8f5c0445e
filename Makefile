# Two commands do everything on a fresh machine with Python 3.10 or newer: `make demo` and `make test`.
# All they install goes into .venv, .local and .node of this folder; `make clean` removes that again.

DYNALITE := dynalite@4.0.0
BIN := .venv/bin
# What is run once more with every request sent by botocore.
PLAIN := tests/service/test_reads.py tests/service/test_writes.py tests/service/test_bank.py tests/service/test_lost_answers.py
SOURCES := sqlalchemy_dynamorm alembic_ext tests benchmarks examples

# PYTHON=… chooses the interpreter; without it the first that is new enough is taken.
PYTHON ?= python3
ifeq ($(origin PYTHON),file)
CANDIDATES := python3 python3.13 python3.12 python3.11 python3.10 python
else
CANDIDATES := $(PYTHON)
endif

export DYNAMORM_LOCAL_HOME := $(CURDIR)/.local
export DYNAMORM_DYNALITE_HOME := $(CURDIR)/.node

VENV := .venv/.installed
LOCAL := .local/.installed

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test lint types unit contract service bench node clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' Makefile

demo: $(VENV) $(LOCAL)  ## run the airports example on the embedded server
	$(BIN)/python examples/airports/run.py

# Two processes for what waits for a server; a file stays in one, since its tests share tables.
test: lint types unit node contract  ## run all that CI runs
	$(BIN)/python -m pytest tests/service tests/property -n 2 --dist loadfile
	$(BIN)/python -m pytest $(PLAIN) --server ministack --client plain

lint: $(VENV)  ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)  ## mypy --strict
	$(BIN)/mypy $(SOURCES)

unit: $(VENV)  ## the tests without a server
	$(BIN)/python -m pytest tests/unit tests/golden

# A process of its own: SQLAlchemy's pytest plugin takes over the collection.
contract: $(VENV) $(LOCAL)  ## the suites of SQLAlchemy and Alembic, and PEP 249
	$(BIN)/python -m pytest tests/contract

service: $(VENV) $(LOCAL) node  ## the tests on every server
	$(BIN)/python -m pytest tests/service

bench: $(VENV) $(LOCAL)  ## the benchmarks
	@for script in benchmarks/[a-z]*.py; do echo "$$script"; $(BIN)/python "$$script" || exit 1; done

clean:  ## remove what make and the tools made here
	rm -rf .venv .local .node .nox .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist sqlalchemy_dynamorm.egg-info

$(VENV): setup.cfg setup.py pyproject.toml
	@found=; for python in $(CANDIDATES); do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then found="$$python"; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Python 3.10 or newer is needed; tried: $(CANDIDATES). Name one: make PYTHON=/path/to/python3" >&2; exit 1; \
	fi; \
	set -x; "$$found" -m venv .venv
	$(BIN)/python -m pip install --quiet --editable ".[alembic,test]"
	@touch $@

$(LOCAL): sqlalchemy_dynamorm/client/install_local.py | $(VENV)
	$(BIN)/python -m sqlalchemy_dynamorm install-local
	@touch $@

# Only the cross-check server needs node. Without it its tests are skipped and say so; in CI it must be there.
node:
	@if [ -f ".node/$(DYNALITE)" ]; then exit 0; fi; \
	if node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && npm --version >/dev/null 2>&1; then \
	  mkdir -p .node && \
	  (set -x; npm install --prefix .node --no-audit --no-fund --no-save --loglevel=error "$(DYNALITE)") && \
	  touch ".node/$(DYNALITE)"; \
	elif [ "$$CI" = true ]; then \
	  echo "Node 20 or newer and npm are needed in CI, for the cross-check server." >&2; exit 1; \
	else \
	  echo "Node 20 or newer and npm are not here: the tests that need dynalite will be skipped."; \
	fi
