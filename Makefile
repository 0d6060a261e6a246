# Two commands matter to a newcomer: `make demo` and `make test`. Both do all the set-up they need.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
.PHONY: help setup demo check test style unit corpus disturbed integration attacks canaries prometheus browser alerts ordeal bench bench-full chaos rehearsal lock fit clean
# Style before tests, whatever -j says: what is cheap to know comes first.
.NOTPARALLEL:
# Hundreds of programs start here. Without bytecode each compiles all that it imports, which takes as long again as that.
unexport PYTHONDONTWRITEBYTECODE
# Integration tests wait more than they compute; the processes share one stack of services. 0: all in one process.
PROCESSES ?= 3

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(VENV)/.ready  ## make .venv from the lock, with `credithub` in it

$(VENV)/.ready: requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) is not here. Install Python 3.11, or say make PYTHON=…"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m uv --version >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/python -m uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/python -m uv pip install --quiet --python $(BIN)/python --no-deps -e .
	@touch $@

demo: setup  ## the main job on a fictitious city, on an embedded stack; STAY=1 keeps it running
	@$(BIN)/credithub demo $(if $(filter 1 yes true,$(STAY)),--stay)

# Each of these runs once in `make check test`, which is what .ci/run says.
check: style unit  ## style, types, import rules, unit tests; under a minute

test: unit corpus disturbed integration  ## every test, on the real Kafka, registry and PostgreSQL

style: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy .
	@$(BIN)/python -m tests.layers

unit: setup
	@$(BIN)/python -m pytest -q -n auto --ignore tests/attacks/services tests/unit tests/attacks tests/canaries

corpus: setup  ## 3,000 malformed files, each with a clear answer; MORE=100000 for more of them
	@$(if $(MORE),$(BIN)/python -m tests.corpus --first 3000 --count $(MORE),$(BIN)/python -m pytest -q -n auto tests/corpus)

disturbed: setup  ## files of the sample city, disturbed as real ones are: no wrong value in silence; FILES=2000 for more
	@$(if $(FILES),$(BIN)/python -m tests.disturbed --files $(FILES) $(if $(SEED),--seed $(SEED)),$(BIN)/python -m pytest -q -n auto tests/disturbed)

# The longest first: at the end no process waits for another one's.
LONGEST := tests/integration/whole/ tests/chaos/ tests/integration/stack/
integration: setup
	@$(BIN)/python -m pytest -q -n $(PROCESSES) --dist loadscope --no-loadscope-reorder --durations 15 $(LONGEST) \
	  $(filter-out $(LONGEST) %/__pycache__/,$(wildcard tests/integration/*/)) tests/attacks/services/

# All of them are in `make test`, too: those that need no service among the unit tests.
attacks: setup  ## every attempt to do harm (docs/security.md), on the real services: none may succeed; NAME=terminal for some
	@$(BIN)/python -m pytest -v -n $(PROCESSES) --dist loadscope --no-loadscope-reorder -m attack $(if $(NAME),-k $(NAME)) \
	  tests/integration/whole/ tests/integration/stack/ tests/integration tests/attacks tests/unit

canaries: setup  ## thousands of unique values in all that is not public, on a whole hub: none where it has no right; SEED=2
	@$(BIN)/python -m tests.canaries $(if $(SEED),--seed $(SEED))

prometheus: setup  ## Debian's Prometheus, promtool and Alertmanager into the cache, for the tests of alerts; needs apt, not root
	@$(BIN)/python -m tests.prometheus

browser: setup  ## a headless Chromium of Debian's, with a Chinese font, into the cache, for the tests of pages; needs apt, not root
	@$(BIN)/python -m tests.browser

alerts: setup  ## every alert that a fault can make, on a real Prometheus with the rules' own times: hours; SPEED=10 divides them, ONLY=lock chooses
	@$(BIN)/python -m tests.watching --speed $(or $(SPEED),1) $(if $(ONLY),--only $(ONLY))

ordeal: setup  ## every process killed, stopped and away, with the alerts' own times: told by its name, nothing lost; over half an hour
	@$(BIN)/python -m tests.watching.ordeal --speed $(or $(SPEED),1)

bench: setup  ## race pushes and merging against bare loops and peers, side by side; writes docs/benchmarks.md
	@$(BIN)/python -m benchmarks

bench-full: setup  ## latency under load, two workers, long histories, sizes up to ten million records; takes an hour or more
	@$(BIN)/python -m benchmarks.full

chaos: setup  ## a hundred faults on three brokers while events flow; nothing of them may be seen in the end
	@$(BIN)/python -m tests.chaos

rehearsal: setup  ## lose each part of a hub, and get it back as docs/operations.md says; STORY=machine-running for one of them
	@$(BIN)/python -m tests.rehearsal $(STORY)

LOCK := -m uv pip compile --generate-hashes --no-header --python-version 3.11 -q
lock: setup  ## renew requirements.lock and requirements-fit.lock from pyproject.toml
	@$(BIN)/python $(LOCK) pyproject.toml --group dev -o requirements.lock
	@$(BIN)/python $(LOCK) --group fit -c requirements.lock -o requirements-fit.lock

fit: setup  ## optbinning and scikit-learn into .venv, for `credithub rating fit` alone; the hub runs without
	@$(BIN)/python -m uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-fit.lock

clean:  ## stop every process and remove every file that make made
	@for home in .credithub .credithub/demo .credithub/bench .credithub/chaos; do \
	  if test -x $(BIN)/credithub && test -d $$home; then CREDITHUB_HOME=$$home $(BIN)/credithub down >/dev/null || exit 1; fi; done
	@rm -rf .credithub $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
